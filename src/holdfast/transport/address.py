"""Broker URLs: what is accepted, and the sentence for what is not.

    mqtt://[user[:password]@]host[:1883]          TCP
    mqtts://[user[:password]@]host[:8883]         TLS
    ws://[user[:password]@]host[:80][/mqtt]       WebSocket
    wss://[user[:password]@]host[:443][/mqtt]     WebSocket over TLS
    unix://[user[:password]@]/path                Unix domain socket

User and password are those of MQTT, on every transport. ``urls`` says how they are written, and
hides them.
"""

from __future__ import annotations

import re
import sys

from holdfast.errors import ConfigurationError
from holdfast.transport.urls import (
    HIDDEN,
    bracketed,
    credentials,
    decoded,
    encoded,
    host_and_port,
    refused,
    safe,
    split,
)
from holdfast.values import Value

DEFAULT_PORTS = {"mqtt": 1883, "mqtts": 8883, "ws": 80, "wss": 443}
DEFAULT_PATH = "/mqtt"
"""Where brokers serve MQTT over WebSocket; the standard names no path."""

# What other clients call the same thing.
_ALIASES = {"tcp": "mqtt", "ssl": "mqtts", "tls": "mqtts"}

# Only errors need these, so they are not compiled when this is imported.
_NO_HEAD = r"(?i:(mqtts?|wss?):)?:?/*"
_NO_UNIX_HEAD = r"(?i:unix:)/*|/(?!/)"
_IN_A_PATH = "%?#@"

LONGEST_SOCKET_PATH = 103 if sys.platform == "darwin" else 107
"""Bytes that fit into ``sun_path`` before its final NUL (unix(7))."""


class Address(Value):
    """Where a broker listens. ``str()`` is the URL without user and password.

    A Unix socket is a ``path`` and has neither host nor port: they are ``""`` and 0. Of a
    WebSocket the ``path`` is the resource that its handshake asks for, as it goes on the wire.
    """

    __match_args__ = ("scheme", "host", "port", "username", "password", "path")
    __slots__ = __match_args__

    def __init__(
        self,
        scheme: str,
        host: str,
        port: int,
        username: str | None = None,
        password: str | None = None,
        path: str = "",
    ) -> None:
        self.scheme = scheme
        self.host = host
        self.port = port
        self.username = username
        self.password = password
        self.path = path

    @property
    def encrypted(self) -> bool:
        """Whether the scheme asks for TLS."""
        return self.scheme in ("mqtts", "wss")

    @property
    def websocket(self) -> bool:
        """Whether MQTT travels in WebSocket frames (MQTT 5 §6)."""
        return self.scheme in ("ws", "wss")

    @property
    def unix(self) -> bool:
        """Whether it is a socket of this machine, in its file system."""
        return self.scheme == "unix"

    @property
    def place(self) -> str:
        """For sentences: ``host:port``, an IPv6 host in brackets; the path of a Unix socket."""
        return self.path if self.unix else f"{bracketed(self.host)}:{self.port}"

    def __repr__(self) -> str:
        return f"Address({str(self)!r})"

    def __str__(self) -> str:
        if self.unix:
            return f"unix://{encoded(self.path, _IN_A_PATH)}"
        port = "" if self.port == DEFAULT_PORTS[self.scheme] else f":{self.port}"
        path = "" if self.path == DEFAULT_PATH else self.path
        return f"{self.scheme}://{bracketed(self.host.replace('%', '%25'))}{port}{path}"


def parse_url(url: str) -> Address:
    """The address in one of these forms. Raises ConfigurationError, with the corrected form if any."""
    found = split(url)
    if found is None:
        raise refused(url, "has no scheme", f"write {_with_scheme(url)}")
    scheme, userinfo, place, rest = found
    clean = place if userinfo is None else f"{HIDDEN}@{place}"
    scheme = _scheme(url, scheme, clean)
    if "@" in rest:
        hint = "percent-encode user and password: / is %2F, ? is %3F, # is %23, and in a path @ is %40"
        raise refused(url, "cannot be read", hint)
    if scheme == "unix":
        return Address(scheme, "", 0, *credentials(url, userinfo), _socket(url, place, rest))
    path = _path(url, scheme, rest, f"{scheme}://{clean or 'HOST'}")
    host, port = host_and_port(url, scheme, place, DEFAULT_PORTS[scheme])
    return Address(scheme, host, port, *credentials(url, userinfo), path)


def _scheme(url: str, scheme: str, clean: str) -> str:
    if scheme in DEFAULT_PORTS or scheme == "unix":
        return scheme
    alias = _ALIASES.get(scheme)
    hint = f"write {alias}://{clean}" if alias else "use mqtt://, mqtts://, ws://, wss:// or unix://"
    raise refused(url, f"has a scheme that is not known: {scheme!r}", hint)


def _path(url: str, scheme: str, rest: str, corrected: str) -> str:
    """The resource of a WebSocket; MQTT over TCP has none."""
    if scheme in ("ws", "wss"):
        if "?" in rest or "#" in rest:
            path = re.split("[?#]", rest, maxsplit=1)[0]
            raise refused(
                url, "has a query, which the MQTT WebSocket does not have", f"write {corrected}{path}"
            )
        return encoded(rest) or DEFAULT_PATH
    if rest.strip("/"):
        raise refused(
            url,
            "has a path or query, which MQTT over TCP does not have",
            f"write {corrected}; topics are named where you publish and subscribe",
        )
    return ""


def _socket(url: str, place: str, rest: str) -> str:
    """The path of a Unix socket."""
    if place:
        hint = f"a Unix socket has no host: write unix:///{place}{safe(rest)}"
        raise refused(url, f"has {place!r} where a path begins", hint)
    if "?" in rest or "#" in rest:
        raise refused(
            url, "has a query, which a Unix socket does not have", "in a path ? is %3F and # is %23"
        )
    path = decoded(url, rest, "a path")
    if not path.strip("/") or "\0" in path:
        raise refused(url, "names no socket", "write unix:///run/mosquitto.sock, or where yours is")
    if len(path.encode()) > LONGEST_SOCKET_PATH:
        fact = f"has a path of {len(path.encode())} bytes, and a Unix socket takes {LONGEST_SOCKET_PATH}"
        raise refused(url, fact, "let the broker listen at a shorter one")
    return path


def _with_scheme(url: str) -> str:
    """The URL that was probably meant by one without ``scheme://``."""
    unix = re.match(_NO_UNIX_HEAD, url)
    if unix:
        return f"unix:///{safe(url[unix.end() :]) or 'PATH'}"
    head = re.match(_NO_HEAD, url)
    place = re.split("[/?#]", safe(url[head.end() :] if head else url), maxsplit=1)[0]
    scheme = head[1].lower() if head and head[1] else "mqtt"
    return f"{scheme}://{place or 'HOST'}"


def check_tls(address: Address) -> None:
    """Raises ConfigurationError if TLS options are given for an address without TLS."""
    if address.unix:
        raise ConfigurationError(f"tls= with {address}", hint="leave it out: a Unix socket needs none")
    if not address.encrypted:
        raise ConfigurationError(f"tls= with {address}", hint=f"write {address.scheme}s://{address.host}")
