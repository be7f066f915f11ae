"""The constructor's options, checked, and the CONNECT that follows from them."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from os import PathLike, urandom
from typing import TYPE_CHECKING, Literal

from holdfast.client import checks, outbox_option
from holdfast.client.asked import asked
from holdfast.client.authenticator import Authenticator
from holdfast.client.identity import check_client_id, check_session, expiry_s
from holdfast.client.options import Compression, Limits, Will, check_compression
from holdfast.client.outbox_option import Outbox
from holdfast.codec import Version
from holdfast.codec.wire import write_text
from holdfast.errors import ConfigurationError
from holdfast.protocol import ConnectRequest
from holdfast.resilience import Reconnect
from holdfast.transport import TLS, Address, check_tls, parse_url
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
        "compression",
        "probe_s",
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
        compression: Compression | None = None,
        probe_s: float | None = None,
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
        self.compression = compression
        self.probe_s = probe_s

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
            password=self._password(),
            will=self.will.packet() if self.will else None,
            birth=self.will.born() if self.will else None,
            receive_maximum=self.limits.receive_maximum,
            max_packet_bytes=self.limits.max_packet_bytes,
            topic_alias_maximum=INBOUND_ALIASES,
            topic_aliases=self.limits.topic_aliases,
            strip_properties=self.outbox.strip_properties,
            probe_s=self.probe_s,
            probe_nonce=urandom(8).hex() if self.probe_s else "",
        )

    def _username(self) -> str | None:
        return self.username if self.username is not None else self.address.username

    def _password(self) -> bytes | None:
        if self.password_file is not None:
            try:
                with open(self.password_file, encoding="utf-8") as file:
                    return file.read().rstrip("\r\n").encode()
            except (OSError, UnicodeDecodeError) as error:
                raise ConfigurationError(f"password file {self.password_file}: {error}") from error
        password = asked("password", self.password)
        if password is None:
            password = self.address.password
        return None if password is None else password.encode()


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
    compression: Compression | None = None,
    probe_s: float | None = None,
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
    spoken = checks.version(version, authentication)
    check_compression(compression, spoken)
    return Setup(
        address,
        check_client_id(client_id, session_expiry_s, option.is_file),
        username,
        password,
        password_file,
        tls,
        checks.proxy(proxy, address),
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
