"""The constructor's options, checked, and the CONNECT that follows from them."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from os import PathLike
from typing import TYPE_CHECKING, Literal

from holdfast.client import credentials, outbox_option
from holdfast.client.authenticator import Authenticator
from holdfast.client.identity import check_client_id, check_session, expiry_s
from holdfast.client.options import Limits, Will
from holdfast.client.outbox_option import Outbox
from holdfast.codec import V5, V311, Version
from holdfast.codec.wire import write_text
from holdfast.errors import ConfigurationError
from holdfast.protocol import ConnectRequest
from holdfast.resilience import PRESETS, Reconnect
from holdfast.transport import TLS, Address, check_parts, check_tls, parse_url
from holdfast.values import Value

if TYPE_CHECKING:
    from holdfast.transport.proxy_address import ProxyAddress

StrPath = str | PathLike[str]

INBOUND_ALIASES = 16


class Setup(Value):
    """Everything a client was told, checked."""

    __match_args__ = (
        "address",
        "client_id",
        "username",
        "password",
        "password_file",
        "tls",
        "proxy",
        "version",
        "session_expiry_s",
        "will",
        "keepalive_s",
        "reconnect",
        "limits",
        "drain_s",
        "outbox",
        "authentication",
        "isolated",
    )
    __slots__ = __match_args__

    def __init__(
        self,
        address: Address,
        client_id: str,
        username: str | None,
        password: str | Callable[[], str] | None,
        password_file: StrPath | None,
        tls: TLS | ssl.SSLContext | None,
        proxy: ProxyAddress | None,
        version: Version | None,
        session_expiry_s: float | None,
        will: Will | None,
        keepalive_s: int,
        reconnect: Reconnect,
        limits: Limits,
        drain_s: float,
        outbox: Outbox,
        authentication: Callable[[], Authenticator] | None = None,
        isolated: bool | None = None,
    ) -> None:
        self.address = address
        self.client_id = client_id
        self.username = username
        self.password = password
        self.password_file = password_file
        self.tls = tls
        self.proxy = proxy
        self.version = version
        self.session_expiry_s = session_expiry_s
        self.will = will
        self.keepalive_s = keepalive_s
        self.reconnect = reconnect
        self.limits = limits
        self.drain_s = drain_s
        self.outbox = outbox
        self.authentication = authentication
        self.isolated = isolated

    @property
    def place(self) -> str:
        """Where the broker is, for sentences; what goes wrong there may be the proxy's doing."""
        through = f" (through the proxy {self.proxy.place})" if self.proxy else ""
        return f"{self.address.place}{through}"

    def expiry_s(self, subscribes: bool) -> int:
        """The session expiry to ask for (contract 2)."""
        return expiry_s(self.session_expiry_s, subscribes)

    def request(self, version: Version, subscribes: bool) -> ConnectRequest:
        """What the next attempt asks for; credentials and will are read anew."""
        return ConnectRequest(
            client_id=self.client_id,
            version=version,
            session_expiry_s=self.expiry_s(subscribes),
            keepalive_s=self.keepalive_s,
            username=self._username(),
            password=credentials.read(self.password, self.password_file, self.address.password),
            will=self.will.packet() if self.will else None,
            receive_maximum=self.limits.receive_maximum,
            max_packet_bytes=self.limits.max_packet_bytes,
            topic_alias_maximum=INBOUND_ALIASES,
            topic_aliases=self.limits.topic_aliases,
            strip_properties=self.outbox.strip_properties,
        )

    def _username(self) -> str | None:
        return self.username if self.username is not None else self.address.username


def check(
    url: str,
    client_id: str | None,
    username: str | None,
    password: str | Callable[[], str] | None,
    password_file: StrPath | None,
    tls: TLS | ssl.SSLContext | None,
    proxy: str | None,
    version: Literal["5", "3.1.1"] | None,
    session_expiry_s: float | None,
    will: Will | None,
    keepalive_s: float,
    reconnect: Reconnect | Literal["lan", "wan"],
    limits: Limits,
    drain_s: float,
    outbox: StrPath | Outbox | None = None,
    authentication: Callable[[], Authenticator] | None = None,
    isolated: bool | None = None,
) -> Setup:
    """Raises ConfigurationError for the first thing that is wrong."""
    address = parse_url(url)
    if tls is not None:
        check_tls(address)
    if password is not None and password_file is not None:
        raise ConfigurationError("password and password_file exclude each other")
    name = username if username is not None else address.username
    if name is not None:
        write_text(name, "username")
    secret = password is not None or password_file is not None or address.password is not None
    if secret and name is None:
        raise ConfigurationError("a password without a username [MQTT-3.1.2-22]", hint="give username= too")
    option = outbox if isinstance(outbox, Outbox) else Outbox(outbox)
    outbox_option.check_client_id(option, client_id)
    return Setup(
        address,
        check_client_id(client_id, session_expiry_s, option.is_file),
        username,
        password,
        password_file,
        tls,
        _proxy(proxy, address),
        _version(version, authentication),
        check_session(client_id, session_expiry_s, option.is_file),
        will,
        _keepalive(keepalive_s),
        _reconnect(reconnect),
        limits,
        _drain(drain_s),
        option,
        authentication,
        isolated,
    )


def _proxy(proxy: str | None, address: Address) -> ProxyAddress | None:
    found = None
    if proxy is not None:
        from holdfast.transport.proxy_address import parse_proxy

        found = parse_proxy(proxy)
    check_parts(address, found)
    return found


def _version(version: str | None, authentication: object) -> Version | None:
    """With an authenticator it is 5 or nothing: a fallback to 3.1.1 would drop it in silence."""
    versions: dict[str | None, Version | None] = {None: None, "5": V5, "3.1.1": V311}
    if version not in versions:
        raise ConfigurationError(f"version {version!r} is not known", hint='"5", "3.1.1", or None for both')
    if authentication is None:
        return versions[version]
    if not callable(authentication):
        raise ConfigurationError(
            "authentication= takes a function that makes an Authenticator", hint="or a class of yours"
        )
    if version == "3.1.1":
        raise ConfigurationError(
            "authentication= with version 3.1.1, which has no AUTH packet", hint='version="5"'
        )
    return V5


def _keepalive(keepalive_s: float) -> int:
    if not 0 <= keepalive_s <= 65_535:
        raise ConfigurationError(
            f"keepalive_s must be 0 to 65535, not {keepalive_s}", hint="0 switches it off"
        )
    if 0 < keepalive_s < 1:
        raise ConfigurationError(f"keepalive_s must be whole seconds, not {keepalive_s}")
    return int(keepalive_s)


def _reconnect(reconnect: Reconnect | str) -> Reconnect:
    if isinstance(reconnect, Reconnect):
        return reconnect
    if reconnect not in PRESETS:
        raise ConfigurationError(
            f"reconnect {reconnect!r} is not known", hint='"lan", "wan" or Reconnect(...)'
        )
    return PRESETS[reconnect]


def _drain(drain_s: float) -> float:
    if not drain_s >= 0:
        raise ConfigurationError(f"drain_s must not be below 0, not {drain_s}")
    return drain_s
