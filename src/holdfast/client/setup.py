"""The constructor's options, checked, and the CONNECT that follows from them."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from os import PathLike, urandom
from typing import TYPE_CHECKING, Literal

from holdfast.client import checks, credentials, outbox_option
from holdfast.client.authenticator import Authenticator
from holdfast.client.brokers import Groups, Url, check_users, check_ways, parse_urls
from holdfast.client.identity import check_client_id, check_session, expiry_s
from holdfast.client.options import Compression, Limits, Will, check_compression
from holdfast.client.outbox_option import Outbox
from holdfast.codec import Version
from holdfast.errors import ConfigurationError
from holdfast.protocol import ConnectRequest
from holdfast.resilience import Reconnect
from holdfast.transport import TLS, Address
from holdfast.values import Value

if TYPE_CHECKING:
    from holdfast.client.member import Member
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
        "probe_s",
        "member",
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
        probe_s: float | None = None,
        member: Member | None = None,
    ) -> None:
        """``member``: of a pool."""
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
        self.probe_s = probe_s
        self.member = member

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
            password=credentials.read(self.password, self.password_file, address.password),
            will=self.will.packet() if self.will else None,
            birth=self.will.born() if self.will else None,
            receive_maximum=self.limits.receive_maximum,
            max_packet_bytes=self.limits.max_packet_bytes,
            topic_alias_maximum=INBOUND_ALIASES,
            topic_aliases=self.limits.topic_aliases,
            strip_properties=self.outbox.strip_properties,
            group=group,
            apart=apart,
            probe_s=self.probe_s,
            probe_nonce=urandom(8).hex() if self.probe_s else "",
            canary_nonce=urandom(8).hex(),
        )

    def _username(self, address: Address) -> str | None:
        return self.username if self.username is not None else address.username


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
    probe_s: float | None = None,
) -> Setup:
    """Raises ConfigurationError for the first thing that is wrong."""
    groups = parse_urls(url)
    addresses = [address for group in groups for address in group]
    if password is not None and password_file is not None:
        raise ConfigurationError("password and password_file exclude each other")
    check_users(addresses, username, password is not None or password_file is not None)
    option = outbox if isinstance(outbox, Outbox) else Outbox(outbox)
    outbox_option.check_client_id(option, client_id)
    spoken = checks.version(version, authentication)
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
        checks.keepalive(keepalive_s),
        checks.reconnect(reconnect),
        limits,
        checks.drain(drain_s),
        option,
        authentication,
        isolated,
        compression,
        checks.probe(probe_s),
    )
