"""The text of URLs: taken apart, decoded, and quoted in sentences without their secrets.

User and password are percent-encoded where they hold ``/ ? # % @ :`` or a space (RFC 3986).
An IPv6 host stands in brackets, its zone after ``%25`` (RFC 6874). No sentence shows a user or
password: whatever stands before the last ``@``, and every query, is hidden, also in a URL that
makes no sense otherwise.
"""

from __future__ import annotations

import re
import socket
from contextlib import suppress

from holdfast.errors import ConfigurationError

HIDDEN = "***"

_HEAD = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_TAIL = re.compile(r"(?:([^/?#]*)@)?([^@/?#]*)(.*)", re.DOTALL)
_PLACE = re.compile(r"(?:\[([^\[\]]*)\]|([^\[\]:]*))(?::(.*))?", re.DOTALL)
_ENCODED = re.compile(rb"%([0-9A-Fa-f]{2})")  # urllib would cost the import 2 ms


def split(url: str) -> tuple[str, str | None, str, str] | None:
    """Scheme, user information (None without ``@``), host with port, and the rest; None without scheme.

    Raises ConfigurationError for a space or control character.
    """
    if any(sign <= " " or sign == "\x7f" for sign in url):
        raise refused(
            url, "holds a space or control character", "leave it out; in a user name or password it is %20"
        )
    head = _HEAD.match(url)
    tail = _TAIL.fullmatch(url, head.end()) if head else None
    if head is None or tail is None:
        return None
    userinfo, place, rest = tail.groups()
    return head[1].lower(), userinfo, place, rest


def host_and_port(url: str, scheme: str, place: str, usual: int | None) -> tuple[str, int]:
    """The host, without brackets, and the port, or the usual one. Raises ConfigurationError."""
    if place.count(":") > 1 and "[" not in place:
        raise refused(url, "has an IPv6 host without brackets", f"write {scheme}://[{place}]")
    found = _PLACE.fullmatch(place)
    brackets = f"brackets are for IPv6, as in {scheme}://[::1]:{usual or 'PORT'}"
    if found is None:
        raise refused(url, "has brackets out of place", brackets)
    ipv6, name, port = found.groups()
    if not (ipv6 or name):
        raise refused(url, "names no host", f"write {scheme}://HOST")
    host = _ipv6(url, ipv6, brackets) if ipv6 else _name(url, name)
    if port is None and usual is None:
        raise refused(url, "has no port", f"write {scheme}://{bracketed(host)}:PORT")
    return host, usual if port is None and usual is not None else _port(scheme, host, port, usual)


def _ipv6(url: str, text: str, hint: str) -> str:
    host = text.replace("%25", "%", 1)
    try:
        socket.inet_pton(socket.AF_INET6, host.partition("%")[0])
    except OSError:
        raise refused(url, f"has {text!r} in brackets, which is no IPv6 address", hint) from None
    return host.lower()


def _name(url: str, name: str) -> str:
    try:
        name.encode("idna")  # as name resolution will, which would only say so when it dials
    except UnicodeError:
        raise refused(
            url, "has a host that is no name", "between its dots stand 1 to 63 characters"
        ) from None
    return name.lower()


def _port(scheme: str, host: str, port: str, usual: int | None) -> int:
    if re.fullmatch("[0-9]{1,5}", port) and 1 <= int(port) <= 65_535:
        return int(port)
    # Something else than a number may be a password whose @host was forgotten.
    shown = port if re.fullmatch("[0-9]{0,6}", port) else HIDDEN
    raise ConfigurationError(
        f"'{scheme}://{bracketed(host)}:{shown}' has no valid port",
        hint="ports go from 1 to 65535" + (f"; leave it out for {usual}" if usual else ""),
    )


def credentials(url: str, userinfo: str | None) -> tuple[str | None, str | None]:
    """User and password: up to the first colon and behind it (RFC 3986 §3.2.1). Raises ConfigurationError."""
    user, colon, password = (userinfo or "").partition(":")
    what = "a user or password"
    return decoded(url, user, what) or None, decoded(url, password, what) if colon else None


def decoded(url: str, text: str, what: str) -> str:
    """The text without percent-encoding. Raises ConfigurationError if ``what`` it is is not UTF-8."""
    with suppress(UnicodeError):  # Python's own error holds the bytes: ours must not even stand behind it
        return _ENCODED.sub(lambda found: bytes([int(found[1], 16)]), text.encode()).decode()
    raise refused(url, f"has {what} that is not UTF-8", "percent-encode it as UTF-8")


def encoded(text: str, also: str = "") -> str:
    """Percent-encoded: spaces, control characters, what is not ASCII, and these signs too."""
    return "".join(
        sign if "!" <= sign <= "~" and sign not in also else "".join(f"%{byte:02X}" for byte in sign.encode())
        for sign in text
    )


def refused(url: str, what: str, hint: str | None) -> ConfigurationError:
    """The error whose sentence is the URL, without its secrets, and what is wrong with it."""
    return ConfigurationError(f"{safe(url)!r} {what}", hint=hint)


def safe(url: str) -> str:
    """The URL without user, password and query, for sentences."""
    head = _HEAD.match(url)
    start = head.end() if head else 0
    at = url.rfind("@", start)
    shown = url if at < 0 else f"{url[:start]}{HIDDEN}{url[at:]}"
    return re.sub(r"([?#]).*", rf"\1{HIDDEN}", shown, flags=re.DOTALL)


def bracketed(host: str) -> str:
    """The host as it stands before a port."""
    return f"[{host}]" if ":" in host else host
