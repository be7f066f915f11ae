"""The brokers that a client was told of: groups of addresses (contract 3)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from holdfast.codec.wire import write_text
from holdfast.errors import ConfigurationError
from holdfast.transport import Address, check_parts, check_tls, parse_url
from holdfast.values import Value

if TYPE_CHECKING:
    from holdfast.transport.proxy_address import ProxyAddress

Url = str | Sequence[str | Sequence[str]]
"""One broker; or several, each a group of its own, or a list of those that share sessions."""

Groups = tuple[tuple[Address, ...], ...]


class Target(Value):
    """The broker of one attempt, for sentences and numbers.

    ``place`` is where it is, ``broker`` its URL without user and password, ``rank`` its group: 0 is the best.
    """

    __match_args__ = ("place", "broker", "rank")
    __slots__ = __match_args__

    def __init__(self, place: str, broker: str, rank: int = 0) -> None:
        self.place = place
        self.broker = broker
        self.rank = rank


def parse_urls(url: Url) -> Groups:
    """The addresses by groups, in the order of preference. Raises ConfigurationError."""
    if isinstance(url, str):
        return ((parse_url(url),),)
    groups = tuple(_group(one) for one in _items(url))
    if not groups or not all(groups):
        raise ConfigurationError("url names no broker", hint='url="mqtt://host", or a list of these')
    _check_once([address for group in groups for address in group])
    return groups


def _group(one: object) -> tuple[Address, ...]:
    return tuple(parse_url(_text(url)) for url in ([one] if isinstance(one, str) else _items(one)))


def _items(several: object) -> Sequence[object]:
    if not isinstance(several, list | tuple):
        raise ConfigurationError(
            f"url takes a str or a list of these, not {type(several).__name__}",
            hint='["mqtt://a", "mqtt://b"]; brokers that share sessions are a list in the list',
        )
    return several


def _text(url: object) -> str:
    if not isinstance(url, str):
        raise ConfigurationError(
            f"url: {type(url).__name__} in the list of one group",
            hint='[["mqtt://a1", "mqtt://a2"], "mqtt://b"]: lists are two deep at most',
        )
    return url


def check_users(addresses: Sequence[Address], username: str | None, secret: bool) -> None:
    """Each has a user, where it has a password: that of the options (``secret``) or its own.

    Raises ConfigurationError.
    """
    for address in addresses:
        name = address.username if username is None else username
        if name is not None:
            write_text(name, "username")
        elif secret or address.password is not None:
            raise ConfigurationError(
                "a password without a username [MQTT-3.1.2-22]", hint="give username= too"
            )


def check_ways(addresses: Sequence[Address], tls: bool, proxy: str | None) -> ProxyAddress | None:
    """What TLS options and a proxy mean for these; gives the proxy. Raises ConfigurationError."""
    if tls and not any(address.encrypted for address in addresses):
        check_tls(addresses[0])
    found = None
    if proxy is not None:
        from holdfast.transport.proxy_address import parse_proxy

        found = parse_proxy(proxy)
    for address in addresses:
        check_parts(address, found)
    return found


def _check_once(addresses: Sequence[Address]) -> None:
    """A broker in two groups would be answered from two states (contract 3)."""
    places = [address.place for address in addresses]
    for place in places:
        if places.count(place) > 1:
            raise ConfigurationError(f"url names {place} twice", hint="each broker belongs to one group")
