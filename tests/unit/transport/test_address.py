"""Broker URLs: each form of the public face, and the sentence for each that is wrong."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.errors import ConfigurationError
from holdfast.transport import Address, check_tls, parse_url
from holdfast.transport.address import LONGEST_SOCKET_PATH
from tests.support.leaks import SECRET

USER = "gateway-seven"


@pytest.mark.parametrize(
    ("url", "place", "printed"),
    [
        ("mqtt://localhost", "localhost:1883", "mqtt://localhost"),
        ("mqtt://localhost:1884", "localhost:1884", "mqtt://localhost:1884"),
        ("mqtt://localhost:1883", "localhost:1883", "mqtt://localhost"),
        ("mqtt://localhost:65535", "localhost:65535", "mqtt://localhost:65535"),
        ("mqtt://localhost/", "localhost:1883", "mqtt://localhost"),
        ("MQTT://LocalHost", "localhost:1883", "mqtt://localhost"),
        ("mqtts://localhost", "localhost:8883", "mqtts://localhost"),
        ("mqtts://localhost:1883", "localhost:1883", "mqtts://localhost:1883"),
        ("mqtt://127.0.0.1", "127.0.0.1:1883", "mqtt://127.0.0.1"),
        ("mqtt://broker_1", "broker_1:1883", "mqtt://broker_1"),
        ("mqtt://bücher.example", "bücher.example:1883", "mqtt://bücher.example"),
        ("mqtt://[::1]", "[::1]:1883", "mqtt://[::1]"),
        ("mqtt://[::1]:1884", "[::1]:1884", "mqtt://[::1]:1884"),
        ("mqtt://[fe80::1%25eth0]", "[fe80::1%eth0]:1883", "mqtt://[fe80::1%25eth0]"),
        (f"mqtt://{USER}:{SECRET}@localhost", "localhost:1883", "mqtt://localhost"),
        (f"mqtts://{USER}:{SECRET}@[::1]:99", "[::1]:99", "mqtts://[::1]:99"),
        ("ws://localhost", "localhost:80", "ws://localhost"),
        ("ws://localhost/mqtt", "localhost:80", "ws://localhost"),
        ("ws://localhost/", "localhost:80", "ws://localhost/"),
        ("WS://LocalHost:8080/A/b", "localhost:8080", "ws://localhost:8080/A/b"),
        ("ws://localhost/ü%20x", "localhost:80", "ws://localhost/%C3%BC%20x"),
        ("wss://localhost", "localhost:443", "wss://localhost"),
        (f"wss://{USER}:{SECRET}@[::1]:80/x", "[::1]:80", "wss://[::1]:80/x"),
        ("unix:///run/mqtt.sock", "/run/mqtt.sock", "unix:///run/mqtt.sock"),
        (f"unix://{USER}:{SECRET}@/run/A%20b%3F", "/run/A b?", "unix:///run/A%20b%3F"),
    ],
)
def test_what_is_accepted(url: str, place: str, printed: str) -> None:
    """Each scheme with its usual port and path; printed without them, and without user and password."""
    address = parse_url(url)
    assert (address.place, str(address)) == (place, printed)
    assert not {USER, SECRET} & set(repr(address).split("'"))
    assert address.encrypted is printed.startswith(("mqtts", "wss"))
    assert address.websocket is printed.startswith("ws")
    assert address.unix is printed.startswith("unix")


@pytest.mark.parametrize(
    ("userinfo", "username", "password"),
    [
        ("", None, None),
        ("@", None, None),
        ("me@", "me", None),
        ("me:@", "me", ""),
        (f"me:{SECRET}@", "me", SECRET),
        (f":{SECRET}@", None, SECRET),
        ("me:a:b@", "me", "a:b"),
        ("me:a@b@", "me", "a@b"),
        ("me:100%@", "me", "100%"),
        ("m%40e:%2F%3A%25%20%23@", "m@e", "/:% #"),
        ("m%C3%BC:%F0%9F%94%91@", "mü", "🔑"),
    ],
)
def test_credentials_are_percent_decoded(userinfo: str, username: str | None, password: str | None) -> None:
    """RFC 3986 §3.2.1: user up to the first colon, the rest up to the last @ is the password."""
    address = parse_url(f"mqtt://{userinfo}localhost")
    assert (address.username, address.password) == (username, password)


@pytest.mark.parametrize(
    ("url", "fact", "hint"),
    [
        ("", "has no scheme", "write mqtt://HOST"),
        ("localhost", "has no scheme", "write mqtt://localhost"),
        ("localhost:1883", "has no scheme", "write mqtt://localhost:1883"),
        ("localhost/plant", "has no scheme", "write mqtt://localhost"),
        ("//localhost", "has no scheme", "write mqtt://localhost"),
        ("://localhost", "has no scheme", "write mqtt://localhost"),
        ("mqtt:localhost", "has no scheme", "write mqtt://localhost"),
        ("mqtts:/localhost", "has no scheme", "write mqtts://localhost"),
        (f"{USER}:{SECRET}@localhost", "'***@localhost' has no scheme", "write mqtt://***@localhost"),
        ("tcp://localhost:1883", "scheme that is not known: 'tcp'", "write mqtt://localhost:1883"),
        (f"ssl://{USER}:{SECRET}@localhost", "not known: 'ssl'", "write mqtts://***@localhost"),
        ("tls://localhost", "not known: 'tls'", "write mqtts://localhost"),
        ("http://localhost", "not known: 'http'", "use mqtt://, mqtts://, ws://, wss:// or unix://"),
        ("wss:localhost", "has no scheme", "write wss://localhost"),
        ("ws://", "names no host", "write ws://HOST"),
        ("ws://localhost:0/x", "no valid port", "leave it out for 80"),
        (f"ws://localhost/x?token={SECRET}", "'ws://localhost/x?***' has a query", "write ws://localhost/x"),
        (f"wss://{USER}:{SECRET}@localhost#x", "has a query", "write wss://***@localhost"),
        ("ws://localhost/a@b", "cannot be read", "in a path @ is %40"),
        ("unix:/run/mqtt.sock", "has no scheme", "write unix:///run/mqtt.sock"),
        ("/run/mqtt.sock", "has no scheme", "write unix:///run/mqtt.sock"),
        ("unix:", "has no scheme", "write unix:///PATH"),
        ("unix://run/mqtt.sock", "'run' where a path begins", "write unix:///run/mqtt.sock"),
        ("unix://", "names no socket", "unix:///run/mosquitto.sock"),
        ("unix:///", "names no socket", "unix:///run/mosquitto.sock"),
        ("unix:///run/%00", "names no socket", "unix:///run/mosquitto.sock"),
        ("unix:///run/a?b", "has a query", "in a path ? is %3F"),
        ("unix:///run/%ff", "a path that is not UTF-8", "percent-encode it as UTF-8"),
        (f"unix:///{'x' * LONGEST_SOCKET_PATH}", f"takes {LONGEST_SOCKET_PATH}", "a shorter one"),
        (f"unix://{USER}:{SECRET}/x@/run/mqtt.sock", "cannot be read", "/ is %2F"),
        ("mqtt://", "names no host", "write mqtt://HOST"),
        ("mqtts://:8883", "names no host", "write mqtts://HOST"),
        (f"mqtt://{USER}:{SECRET}@", "names no host", "write mqtt://HOST"),
        ("mqtt://[]", "names no host", "write mqtt://HOST"),
        ("mqtt://localhost:0", "'mqtt://localhost:0' has no valid port", "leave it out for 1883"),
        ("mqtts://localhost:65536", "no valid port", "1 to 65535; leave it out for 8883"),
        ("mqtt://localhost:", "no valid port", "1 to 65535"),
        ("mqtt://localhost:-1", "no valid port", "1 to 65535"),
        ("mqtt://localhost:١٨٨٣", "no valid port", "1 to 65535"),
        (f"mqtt://{USER}:{SECRET}", "has no valid port", "1 to 65535"),
        ("mqtt://::1", "IPv6 host without brackets", "write mqtt://[::1]"),
        ("mqtt://[::1", "brackets out of place", "mqtt://[::1]:1883"),
        ("mqtt://[::1]1883", "brackets out of place", "mqtt://[::1]:1883"),
        ("mqtt://[localhost]", "no IPv6 address", "mqtt://[::1]:1883"),
        ("mqtt://plant..example", "host that is no name", "1 to 63 characters"),
        (f"mqtt://{'a' * 64}", "host that is no name", "1 to 63 characters"),
        ("mqtt://localhost/plant/temp", "path or query", "write mqtt://localhost;"),
        (f"mqtt://{USER}:{SECRET}@localhost:9/plant", "path or query", "write mqtt://***@localhost:9;"),
        (f"mqtt://localhost?password={SECRET}", "'mqtt://localhost?***' has a path", "mqtt://localhost;"),
        ("mqtt://localhost#", "path or query", "write mqtt://localhost;"),
        ("mqtt:///plant", "path or query", "write mqtt://HOST;"),
        ("mqtt://local host", "space or control character", "leave it out"),
        ("mqtt://localhost\n", "space or control character", "leave it out"),
        (f"mqtt://{USER}:{SECRET} @localhost", "space or control character", "it is %20"),
        (f"mqtt://{USER}:{SECRET}/x@localhost", "'mqtt://***@localhost' cannot be read", "/ is %2F"),
        (f"mqtt://{USER}:{SECRET}?x@localhost", "cannot be read", "? is %3F"),
        (f"mqtt://me:12/{SECRET}@localhost", "cannot be read", "/ is %2F"),
        (f"mqtt://{USER}:{SECRET}%ff@localhost", "not UTF-8", "percent-encode it as UTF-8"),
    ],
)
def test_what_is_refused(url: str, fact: str, hint: str) -> None:
    """One sentence with the fact, a hint with the corrected form, and the password in neither."""
    with pytest.raises(ConfigurationError) as caught:
        parse_url(url)
    said = f"{caught.value} {caught.value.hint} {caught.value!r}"
    assert fact in str(caught.value)
    assert hint in str(caught.value.hint)
    assert SECRET not in said
    assert (USER in said) is (USER in url and "@" not in url)  # a forgotten host makes the user one


@given(
    st.text("abcXYZ019üЖ中-_.~!$&'()*+,;=", min_size=12),
    st.sampled_from(
        [
            "mqtt://me:{}@localhost",
            "mqtt://{}:x@localhost:70000",
            "mqtt://me:{}@localhost/path",
            "mqtt://me:{}@localhost?query",
            "mqtt://me:{}/@localhost",
            "mqtt://me:{}#@[::1",
            "mqtt://me:[{}]@::1",
            "{}@localhost",
            "me:{}://@localhost",
            "me:{}@mqtt://localhost",
            "tcp://me:{}@localhost",
            "mqtt://localhost?token={}",
            "mqtt://localhost#{}",
            "mqtt://me:{}",
            "ws://me:{}@localhost/path",
            "wss://localhost/path?{}",
            "unix://me:{}@/run/mqtt.sock",
            "unix://me:{}@localhost/run/mqtt.sock",
            "unix:///run/mqtt.sock?{}",
            "unix:me:{}@/run/mqtt.sock",
        ]
    ),
)
def test_a_secret_is_never_printed(secret: str, form: str) -> None:
    """Wherever a password stands, in a good URL or a bad one, no sentence, str or repr holds it."""
    try:
        address = parse_url(form.format(secret))
        said = f"{address} {address!r} {address.place}"
    except ConfigurationError as error:
        said = f"{error} {error.hint} {error!r} {error.__cause__!r}"
    assert secret not in said


@given(
    st.sampled_from(["mqtt", "mqtts"]),
    st.sampled_from(["localhost", "127.0.0.1", "::1", "fe80::1%eth0"]),
    st.integers(1, 65_535),
)
def test_what_is_printed_can_be_read(scheme: str, host: str, port: int) -> None:
    """str() is a URL of the same place."""
    address = Address(scheme, host, port)
    assert parse_url(str(address)) == address


@given(st.sampled_from(["ws", "wss"]), st.text("aZ/%ü~", max_size=20))
def test_what_is_printed_of_a_websocket_can_be_read(scheme: str, path: str) -> None:
    """str() is a URL of the same resource."""
    address = parse_url(f"{scheme}://localhost/{path}")
    assert parse_url(str(address)) == address


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=20))
def test_what_is_printed_of_a_socket_can_be_read(name: str) -> None:
    """str() is a URL of the same path, whatever signs it holds."""
    address = Address("unix", "", 0, path=f"/run/{name}")
    assert parse_url(str(address)) == address


@pytest.mark.parametrize(
    ("url", "hint"),
    [
        ("mqtt://h", "write mqtts://h"),
        ("ws://h", "write wss://h"),
        ("unix:///s", "leave it out"),
        ("wss://h", None),
    ],
)
def test_tls_options_go_with_tls(url: str, hint: str | None) -> None:
    """tls= for an address without TLS is refused with the scheme that has it."""
    if hint is None:
        check_tls(parse_url(url))
        return
    with pytest.raises(ConfigurationError) as caught:
        check_tls(parse_url(url))
    assert hint in str(caught.value.hint)
