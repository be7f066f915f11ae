"""Broker URLs: what is accepted, and the sentence for what is not."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from holdfast.errors import ConfigurationError

DEFAULT_PORTS = {"mqtt": 1883, "mqtts": 8883}


@dataclass(frozen=True, slots=True)
class Address:
    """Where a broker listens. ``str()`` is the URL without user and password."""

    scheme: str
    host: str
    port: int
    username: str | None = None
    password: str | None = field(default=None, repr=False)

    @property
    def encrypted(self) -> bool:
        """Whether the scheme asks for TLS."""
        return self.scheme == "mqtts"

    @property
    def place(self) -> str:
        """``host:port``, an IPv6 host in brackets."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == DEFAULT_PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{host}{port}"


def parse_url(url: str) -> Address:
    """``mqtt://host[:1883]`` or ``mqtts://host[:8883]``, ``user:password@`` allowed.

    Raises ConfigurationError, with the corrected form where there is one.
    """
    if "://" not in url:
        raise ConfigurationError(f"{_safe(url)!r} has no scheme", hint=f"write mqtt://{_safe(url)}")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise ConfigurationError(
            f"{_safe(url)!r} has no valid port: {error}", hint="ports go from 1 to 65535"
        ) from None
    _check(url, parts.scheme, parts.hostname, port)
    _check_rest(url, parts.path, parts.query or parts.fragment)
    return Address(
        parts.scheme,
        parts.hostname or "",
        port or DEFAULT_PORTS[parts.scheme],
        unquote(parts.username) if parts.username is not None else None,
        unquote(parts.password) if parts.password is not None else None,
    )


def _check(url: str, scheme: str, host: str | None, port: int | None) -> None:
    if scheme not in DEFAULT_PORTS:
        raise ConfigurationError(
            f"{_safe(url)!r}: scheme {scheme!r} is not known", hint="use mqtt:// or mqtts://"
        )
    if not host:
        raise ConfigurationError(f"{_safe(url)!r} names no host", hint=f"write {scheme}://HOST")
    if port == 0:
        raise ConfigurationError(
            f"{_safe(url)!r}: port 0 cannot be dialled", hint="ports go from 1 to 65535; leave it out for "
            f"{DEFAULT_PORTS[scheme]}"
        )


def _check_rest(url: str, path: str, rest: str) -> None:
    if path.strip("/") or rest:
        plain = _safe(url).split("?")[0].split("#")[0]
        start = plain.index("://") + 3
        corrected = plain[: start + plain[start:].find("/")] if "/" in plain[start:] else plain
        raise ConfigurationError(
            f"{_safe(url)!r} has a path or query, which MQTT over TCP does not have",
            hint=f"write {corrected}; topics are named where you publish and subscribe",
        )


def _safe(url: str) -> str:
    """The URL without user and password, for sentences."""
    head, separator, rest = url.partition("://")
    if not separator:
        head, rest = "", url
    userinfo, at, place = rest.rpartition("@")
    return head + separator + (place if at else userinfo or place)
