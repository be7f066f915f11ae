"""URLs of proxies: each form, and the sentence for each that is wrong."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.errors import ConfigurationError
from holdfast.transport.proxy_address import ProxyAddress, parse_proxy
from tests.support.leaks import SECRET


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("http://proxy.example:3128", ProxyAddress("http", "proxy.example", 3128)),
        ("SOCKS5://[::1]:1080/", ProxyAddress("socks5", "::1", 1080)),
        (f"http://me:{SECRET}@proxy:80", ProxyAddress("http", "proxy", 80, "me", SECRET)),
        ("http://m%40e:@proxy:80", ProxyAddress("http", "proxy", 80, "m@e", "")),
        (f"socks5://me:%2F{SECRET}@proxy:80", ProxyAddress("socks5", "proxy", 80, "me", f"/{SECRET}")),
    ],
)
def test_what_is_accepted(url: str, address: ProxyAddress) -> None:
    """HTTP and SOCKS5 with a port, and with user and password or neither; printed without them."""
    found = parse_proxy(url)
    assert found == address
    assert parse_proxy(str(found)) == ProxyAddress(found.scheme, found.host, found.port)
    assert SECRET not in f"{found} {found!r} {found.place}"


@pytest.mark.parametrize(
    ("url", "fact", "hint"),
    [
        ("proxy:3128", "has no scheme", "write http://HOST:PORT"),
        ("https://proxy:3128", "not known: 'https'", "write http://proxy:3128"),
        (f"socks5h://me:{SECRET}@proxy:1080", "not known: 'socks5h'", "write socks5://***@proxy:1080"),
        ("mqtt://proxy:1080", "not known: 'mqtt'", "use http:// or socks5://"),
        ("http://proxy", "has no port", "write http://proxy:PORT"),
        ("socks5://[::1]", "has no port", "write socks5://[::1]:PORT"),
        ("http://proxy:99999", "no valid port", "1 to 65535"),
        ("http://:80", "names no host", "write http://HOST"),
        ("http://::1", "without brackets", "write http://[::1]"),
        ("http://[::1", "brackets out of place", "http://[::1]:PORT"),
        ("http://proxy:80/path", "path or query", "write http://proxy:80"),
        (f"http://me:{SECRET}/x@proxy:80", "cannot be read", "/ is %2F"),
        (f"http://me:{SECRET}@proxy:80?x={SECRET}", "path or query", "write http://***@proxy:80"),
        ("http://me@proxy:80", "names no password", "user:password@ or neither"),
        (f"http://:{SECRET}@proxy:80", "names no user", "user:password@ or neither"),
        (f"http://m%3Ae:{SECRET}@proxy:80", "HTTP cannot carry", "no : in the user"),
        (f"http://me:{SECRET}Ж@proxy:80", "HTTP cannot carry", "Latin-1"),
        (f"socks5://mü:{SECRET}@proxy:80", "SOCKS cannot carry", "1 to 255 ASCII"),
        ("socks5://me:@proxy:80", "SOCKS cannot carry", "1 to 255 ASCII"),
        (f"socks5://me:{SECRET * 40}@proxy:80", "SOCKS cannot carry", "1 to 255 ASCII"),
        ("http://a b:80", "space or control character", "leave it out"),
    ],
)
def test_what_is_refused(url: str, fact: str, hint: str) -> None:
    """One sentence that begins with the option, a hint with the corrected form, the password in neither."""
    with pytest.raises(ConfigurationError) as caught:
        parse_proxy(url)
    assert str(caught.value).startswith("proxy: ")
    assert fact in str(caught.value)
    assert hint in str(caught.value.hint)
    assert SECRET not in f"{caught.value} {caught.value.hint} {caught.value!r} {caught.value.__cause__!r}"


@given(
    st.text("abcXYZ019üЖ-_.~!$&'()*+,;=", min_size=12),
    st.sampled_from(["http://me:{}@p:1", "socks5://{}:x@p", "http://me:{}/@p:1", "x://me:{}@p", "me:{}@p:1"]),
)
def test_a_secret_is_never_printed(secret: str, form: str) -> None:
    """In a good URL or a bad one, no sentence, str or repr holds it."""
    try:
        address = parse_proxy(form.format(secret))
        said = f"{address} {address!r} {address.place}"
    except ConfigurationError as error:
        said = f"{error} {error.hint} {error!r} {error.__cause__!r}"
    assert secret not in said
