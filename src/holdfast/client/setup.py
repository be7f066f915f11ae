"""The constructor's options, checked, and the CONNECT that follows from them."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from os import PathLike
from typing import TYPE_CHECKING, Literal

from holdfast.client import outbox_option
from holdfast.client.asked import asked
from holdfast.client.authenticator import Authenticator
from holdfast.client.brokers import Groups, Url, check_users, check_ways, parse_urls
from holdfast.client.identity import check_client_id, check_session, expiry_s
from holdfast.client.options import Compression, Limits, Will, check_compression
from holdfast.client.outbox_option import Outbox
from holdfast.codec import V5, V311, Version
from holdfast.errors import ConfigurationError
from holdfast.protocol import ConnectRequest
from holdfast.resilience import PRESETS, Reconnect
from holdfast.transport import TLS, Address
from holdfast.values import Value

if TYPE_CHECKING:
    from holdfast.transport.proxy_address import ProxyAddress

StrPath = str | PathLike[str]

INBOUND_ALIASES = 16


class Setup(Value):
    """Everything a client was told, checked."""

    __match_args__ = (
        "groups",
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
        "compression",
    )
    __slots__ = __match_args__

    def __init__(
        self,
        groups: Groups,
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
        compression: Compression | None = None,
    ) -> None:
        self.groups = groups
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
        self.compression = compression

    @property
    def first(self) -> Address:
        """The address that is preferred to all others."""
        return self.groups[0][0]

    @property
    def places(self) -> list[list[str]]:
        """The groups as an outbox knows them."""
        return [[address.place for address in group] for group in self.groups]

    def place_of(self, address: Address) -> str:
        """Where a broker is, for sentences; what goes wrong there may be the proxy's doing."""
        through = f" (through the proxy {self.proxy.place})" if self.proxy else ""
        return f"{address.place}{through}"

    def expiry_s(self, subscribes: bool) -> int:
        """The session expiry to ask for (contract 2)."""
        return expiry_s(self.session_expiry_s, subscribes)

    def request(
        self, version: Version, subscribes: bool, address: Address, group: str, apart: str | None = None
    ) -> ConnectRequest:
        """What the next attempt asks for, at this address; credentials and will are read anew."""
        return ConnectRequest(
            client_id=self.client_id,
            version=version,
            session_expiry_s=self.expiry_s(subscribes),
            keepalive_s=self.keepalive_s,
            username=self._username(address),
            password=self._password(address),
            will=self.will.packet() if self.will else None,
            birth=self.will.born() if self.will else None,
            receive_maximum=self.limits.receive_maximum,
            max_packet_bytes=self.limits.max_packet_bytes,
            topic_alias_maximum=INBOUND_ALIASES,
            topic_aliases=self.limits.topic_aliases,
            strip_properties=self.outbox.strip_properties,
            group=group,
            apart=apart,
        )

    def _username(self, address: Address) -> str | None:
        return self.username if self.username is not None else address.username

    def _password(self, address: Address) -> bytes | None:
        if self.password_file is not None:
            try:
                with open(self.password_file, encoding="utf-8") as file:
                    return file.read().rstrip("\r\n").encode()
            except (OSError, UnicodeDecodeError) as error:
                raise ConfigurationError(f"password file {self.password_file}: {error}") from error
        password = asked("password", self.password)
        password = address.password if password is None else password
        return None if password is None else password.encode()


def check(
    url: Url,
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
    compression: Compression | None = None,
) -> Setup:
    """Raises ConfigurationError for the first thing that is wrong."""
    groups = parse_urls(url)
    addresses = [address for group in groups for address in group]
    if password is not None and password_file is not None:
        raise ConfigurationError("password and password_file exclude each other")
    check_users(addresses, username, password is not None or password_file is not None)
    option = outbox if isinstance(outbox, Outbox) else Outbox(outbox)
    outbox_option.check_client_id(option, client_id)
    spoken = _version(version, authentication)
    check_compression(compression, spoken)
    return Setup(
        groups,
        check_client_id(client_id, session_expiry_s, option.is_file),
        username,
        password,
        password_file,
        tls,
        check_ways(addresses, tls is not None, proxy),
        spoken,
        check_session(client_id, session_expiry_s, option.is_file),
        will,
        _keepalive(keepalive_s),
        _reconnect(reconnect),
        limits,
        _drain(drain_s),
        option,
        authentication,
        isolated,
        compression,
    )


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
