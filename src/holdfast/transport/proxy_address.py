"""URLs of proxies: what is accepted, and the sentence for what is not.

    http://[user:password@]host:port      HTTP CONNECT (RFC 9110 §9.3.6), login Basic (RFC 7617)
    socks5://[user:password@]host:port    SOCKS5 (RFC 1928), login by RFC 1929

A proxy has no usual port that would be worth guessing: it is written out.
"""

from __future__ import annotations

from holdfast.errors import ConfigurationError
from holdfast.transport.urls import HIDDEN, bracketed, credentials, host_and_port, refused, split
from holdfast.values import Value

SCHEMES = ("http", "socks5")

# What other programs call it, or what it cannot be; names are resolved at the proxy in any case.
_MEANT = {"socks": "socks5", "socks5h": "socks5", "socks4": "socks5", "socks4a": "socks5", "https": "http"}


class ProxyAddress(Value):
    """Where a proxy listens, and who we are there. ``str()`` is the URL without user and password."""

    __match_args__ = ("scheme", "host", "port", "username", "password")
    __slots__ = __match_args__

    def __init__(
        self,
        scheme: str,
        host: str,
        port: int,
        username: str | None = None,
        password: str | None = None,
    ) -> None:
        self.scheme = scheme
        self.host = host
        self.port = port
        self.username = username
        self.password = password

    @property
    def place(self) -> str:
        """``host:port``, an IPv6 host in brackets."""
        return f"{bracketed(self.host)}:{self.port}"

    def __repr__(self) -> str:
        return f"ProxyAddress({str(self)!r})"

    def __str__(self) -> str:
        return f"{self.scheme}://{self.place}"


def parse_proxy(url: str) -> ProxyAddress:
    """The address in one of these forms. Raises ConfigurationError, with the corrected form if any."""
    try:
        return _parsed(url)
    except ConfigurationError as error:
        raise ConfigurationError(f"proxy: {error}", hint=error.hint) from None


def _parsed(url: str) -> ProxyAddress:
    found = split(url)
    if found is None:
        raise refused(url, "has no scheme", "write http://HOST:PORT or socks5://HOST:PORT")
    scheme, userinfo, place, rest = found
    clean = place if userinfo is None else f"{HIDDEN}@{place}"
    if scheme not in SCHEMES:
        meant = _MEANT.get(scheme)
        hint = f"write {meant}://{clean}" if meant else "use http:// or socks5://"
        raise refused(url, f"has a scheme that is not known: {scheme!r}", hint)
    if "@" in rest:
        raise refused(url, "cannot be read", "percent-encode user and password: / is %2F, ? is %3F, # is %23")
    if rest.strip("/"):
        raise refused(url, "has a path or query", f"write {scheme}://{clean or 'HOST:PORT'}")
    host, port = host_and_port(url, scheme, place, None)
    return ProxyAddress(scheme, host, port, *_login(url, scheme, *credentials(url, userinfo)))


def _login(url: str, scheme: str, user: str | None, password: str | None) -> tuple[str | None, str | None]:
    """Both or none, and writable in the form of the proxy."""
    if (user is None) != (password is None):
        missing = "user" if user is None else "password"
        raise refused(url, f"names no {missing} for its login", "write user:password@ or neither")
    if user is None or password is None:
        return None, None
    if scheme == "http" and (":" in user or not _fits(user + password, "latin-1")):
        raise refused(
            url, "has a login that HTTP cannot carry", "no : in the user, and Latin-1 only (RFC 7617)"
        )
    if scheme == "socks5" and not all(
        _fits(word, "ascii") and 1 <= len(word) <= 255 for word in (user, password)
    ):
        raise refused(
            url, "has a login that SOCKS cannot carry", "user and password are 1 to 255 ASCII characters"
        )
    return user, password


def _fits(word: str, encoding: str) -> bool:
    try:
        word.encode(encoding)
    except UnicodeError:
        return False
    return True
