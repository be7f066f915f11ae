"""Broker URLs: what is accepted, and the sentence for what is not.

    mqtt://[user[:password]@]host[:1883]      TCP
    mqtts://[user[:password]@]host[:8883]     TLS

User and password are percent-encoded where they hold ``/ ? # % @ :`` or a space (RFC 3986).
An IPv6 host stands in brackets, its zone after ``%25`` (RFC 6874). No sentence, ``str`` or
``repr`` shows a user or password: whatever stands before the last ``@``, and every query, is
hidden, also in a URL that makes no sense otherwise.
"""

from __future__ import annotations

import re
import socket
from dataclasses import dataclass

from holdfast.errors import ConfigurationError
from holdfast.values import Value

DEFAULT_PORTS = {"mqtt": 1883, "mqtts": 8883}

# What other clients call the same thing.
_ALIASES = {"tcp": "mqtt", "ssl": "mqtts", "tls": "mqtts"}

_HIDDEN = "***"
_HEAD = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_TAIL = re.compile(r"(?:([^/?#]*)@)?([^@/?#]*)(.*)", re.DOTALL)
_PLACE = re.compile(r"(?:\[([^\[\]]*)\]|([^\[\]:]*))(?::(.*))?", re.DOTALL)
_ENCODED = re.compile(rb"%([0-9A-Fa-f]{2})")  # urllib would cost the import 2 ms
_BRACKETS = "brackets are for IPv6, as in mqtt://[::1]:1883"
_NO_HEAD = re.compile(r"(?:(mqtts?):)?:?/*", re.IGNORECASE)


@dataclass(slots=True, eq=False, repr=False)
class Address(Value):
    """Where a broker listens. ``str()`` is the URL without user and password."""

    scheme: str
    host: str
    port: int
    username: str | None = None
    password: str | None = None

    @property
    def encrypted(self) -> bool:
        """Whether the scheme asks for TLS."""
        return self.scheme == "mqtts"

    @property
    def place(self) -> str:
        """``host:port``, an IPv6 host in brackets."""
        return f"{_bracketed(self.host)}:{self.port}"

    def __repr__(self) -> str:
        return f"Address({str(self)!r})"

    def __str__(self) -> str:
        port = "" if self.port == DEFAULT_PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{_bracketed(self.host.replace('%', '%25'))}{port}"


def parse_url(url: str) -> Address:
    """``mqtt://host[:1883]`` or ``mqtts://host[:8883]``, ``user:password@`` allowed.

    Raises ConfigurationError, with the corrected form where there is one.
    """
    if any(sign <= " " or sign == "\x7f" for sign in url):
        raise _refused(
            url, "holds a space or control character", "leave it out; in a user name or password it is %20"
        )
    head = _HEAD.match(url)
    tail = _TAIL.fullmatch(url, head.end()) if head else None
    if head is None or tail is None:
        raise _refused(url, "has no scheme", f"write {_with_scheme(url)}")
    userinfo, place, rest = tail.groups()
    clean = place if userinfo is None else f"{_HIDDEN}@{place}"
    scheme = _scheme(url, head[1].lower(), clean)
    _check_rest(url, rest, f"{scheme}://{clean or 'HOST'}")
    host, port = _place(url, scheme, place)
    user, colon, password = (userinfo or "").partition(":")
    return Address(
        scheme, host, port, _decoded(url, user) or None, _decoded(url, password) if colon else None
    )


def _scheme(url: str, scheme: str, clean: str) -> str:
    if scheme in DEFAULT_PORTS:
        return scheme
    alias = _ALIASES.get(scheme)
    hint = f"write {alias}://{clean}" if alias else "use mqtt:// or mqtts://"
    raise _refused(url, f"has a scheme that is not known: {scheme!r}", hint)


def _check_rest(url: str, rest: str, corrected: str) -> None:
    if "@" in rest:
        raise _refused(
            url,
            "cannot be read",
            "percent-encode user and password: / is %2F, ? is %3F, # is %23; a path does not belong here",
        )
    if rest.strip("/"):
        raise _refused(
            url,
            "has a path or query, which MQTT over TCP does not have",
            f"write {corrected}; topics are named where you publish and subscribe",
        )


def _place(url: str, scheme: str, place: str) -> tuple[str, int]:
    if place.count(":") > 1 and "[" not in place:
        raise _refused(url, "has an IPv6 host without brackets", f"write {scheme}://[{place}]")
    found = _PLACE.fullmatch(place)
    if found is None:
        raise _refused(url, "has brackets out of place", _BRACKETS)
    ipv6, name, port = found.groups()
    if not (ipv6 or name):
        raise _refused(url, "names no host", f"write {scheme}://HOST")
    host = _ipv6(url, ipv6) if ipv6 else _name(url, name)
    return host, DEFAULT_PORTS[scheme] if port is None else _port(scheme, host, port)


def _ipv6(url: str, text: str) -> str:
    host = text.replace("%25", "%", 1)
    try:
        socket.inet_pton(socket.AF_INET6, host.partition("%")[0])
    except OSError:
        raise _refused(url, f"has {text!r} in brackets, which is no IPv6 address", _BRACKETS) from None
    return host.lower()


def _name(url: str, name: str) -> str:
    try:
        name.encode("idna")  # as name resolution will, which would only say so when it dials
    except UnicodeError:
        raise _refused(
            url, "has a host that is no name", "between its dots stand 1 to 63 characters"
        ) from None
    return name.lower()


def _port(scheme: str, host: str, port: str) -> int:
    if re.fullmatch("[0-9]{1,5}", port) and 1 <= int(port) <= 65_535:
        return int(port)
    # Something else than a number may be a password whose @host was forgotten.
    shown = port if re.fullmatch("[0-9]{0,6}", port) else _HIDDEN
    raise ConfigurationError(
        f"'{scheme}://{_bracketed(host)}:{shown}' has no valid port",
        hint=f"ports go from 1 to 65535; leave it out for {DEFAULT_PORTS[scheme]}",
    )


def _decoded(url: str, text: str) -> str:
    try:
        return _ENCODED.sub(lambda found: bytes([int(found[1], 16)]), text.encode()).decode()
    except UnicodeError:
        # Python's own error would quote the bytes.
        raise _refused(
            url, "has a user or password that is not UTF-8", "percent-encode it as UTF-8"
        ) from None


def _with_scheme(url: str) -> str:
    """The URL that was probably meant by one without ``scheme://``."""
    head = _NO_HEAD.match(url)
    place = re.split("[/?#]", _safe(url[head.end() :] if head else url), maxsplit=1)[0]
    scheme = head[1].lower() if head and head[1] else "mqtt"
    return f"{scheme}://{place or 'HOST'}"


def _refused(url: str, what: str, hint: str | None) -> ConfigurationError:
    return ConfigurationError(f"{_safe(url)!r} {what}", hint=hint)


def _safe(url: str) -> str:
    """The URL without user, password and query, for sentences."""
    head = _HEAD.match(url)
    start = head.end() if head else 0
    at = url.rfind("@", start)
    shown = url if at < 0 else f"{url[:start]}{_HIDDEN}{url[at:]}"
    return re.sub(r"([?#]).*", rf"\1{_HIDDEN}", shown, flags=re.DOTALL)


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
