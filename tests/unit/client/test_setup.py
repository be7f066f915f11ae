"""The constructor's options, and the CONNECT that follows from them."""

from __future__ import annotations

import ssl
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from holdfast import Authenticator, Client, Compression
from holdfast.client.setup import Setup
from holdfast.errors import ConfigurationError

SECRET = "correct-horse"


def setup(url: str = "mqtt://host", **options: Any) -> Setup:
    """What a client makes of these options."""
    return Client(url, **options)._setup


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"session_expiry_s": 10}, "client_id"),
        ({"client_id": ""}, "client_id"),
        ({"client_id": "a\0"}, "client_id"),
        ({"client_id": "\ud800"}, "client_id"),
        ({"client_id": "x" * 65_536}, "client_id"),
        ({"username": "\0"}, "username"),
        ({"client_id": "a", "session_expiry_s": -1}, "session_expiry_s"),
        ({"client_id": "a", "session_expiry_s": float("nan")}, "session_expiry_s"),
        ({"version": "4"}, "version"),
        ({"keepalive_s": -1}, "keepalive_s"),
        ({"keepalive_s": 65_536}, "keepalive_s"),
        ({"keepalive_s": 0.5}, "keepalive_s"),
        ({"probe_s": 0}, "probe_s"),
        ({"reconnect": "moon"}, "reconnect"),
        ({"drain_s": -1}, "drain_s"),
        ({"password": "x"}, "username"),
        ({"username": "u", "password": "x", "password_file": "f"}, "password_file"),
        ({"authentication": "SCRAM"}, "authentication"),
        ({"authentication": Authenticator, "version": "3.1.1"}, "version"),
        ({"compression": Compression()}, 'version="5"'),
        ({"compression": Compression(), "version": "3.1.1"}, 'version="5"'),
        ({"compression": True, "version": "5"}, "Compression()"),
        ({"tls": ssl.create_default_context()}, "mqtts"),
        ({"tls": ssl.create_default_context(), "url": "ws://host"}, "wss"),
        ({"proxy": "proxy:3128"}, "proxy"),
        ({"proxy": "http://p:1", "url": "unix:///run/sock"}, "leave it out"),
        ({"url": "host"}, "scheme"),
        ({"url": "mqtt://host:0"}, "port"),
    ],
)
def test_wrong_options_are_refused_before_anything_happens(options: dict[str, Any], word: str) -> None:
    """One sentence that names the option, or a hint that does."""
    with pytest.raises(ConfigurationError) as refused:
        Client(**options)
    assert word in f"{refused.value} {refused.value.hint}"


def test_sessions_by_role() -> None:
    """Contract 2: random id: clean; stable id: 24 h with subscriptions, 1 h without; else what was said."""
    assert setup().request(5, True).session_expiry_s == 0
    assert setup().client_id != setup().client_id
    stable = setup(client_id="a")
    assert stable.request(5, True).session_expiry_s == 86_400
    assert stable.request(5, False).session_expiry_s == 3600
    assert setup(client_id="a", session_expiry_s=0).request(5, True).session_expiry_s == 0
    assert setup(client_id="a", session_expiry_s=float("inf")).request(5, True).session_expiry_s == 0xFFFFFFFF


def test_a_probe_is_nobody_s_role() -> None:
    """It subscribes, and is still a client that only publishes; each attempt has its own nonce."""
    probing = setup(client_id="a", probe_s=30)
    first, second = probing.request(5, False), probing.request(5, False)
    assert first.session_expiry_s == 3600
    assert first.probe_s == 30
    assert first.probe_nonce
    assert first.probe_nonce != second.probe_nonce
    assert setup(client_id="a").request(5, False).probe_s is None


def test_credentials_are_read_at_every_attempt(tmp_path: Path) -> None:
    """A function and a file are asked each time; the line end of a file is none of the password."""
    words = iter(["one", "two"])
    asked = setup(username="u", password=lambda: next(words))
    assert [asked.request(5, False).password, asked.request(5, False).password] == [b"one", b"two"]
    file = tmp_path / "password"
    stored = setup(username="u", password_file=file)
    with pytest.raises(ConfigurationError, match="password"):
        stored.request(5, False)
    for word in ("first", "second"):
        file.write_text(f"{word}\r\n")
        assert stored.request(5, False).password == word.encode()
    file.write_bytes(b"\xff")
    with pytest.raises(ConfigurationError):
        stored.request(5, False)


def test_credentials_of_the_url() -> None:
    """The URL's user and password serve where no other is given."""
    request = setup("mqtt://me:p%40ss@host").request(4, False)
    assert (request.username, request.password) == ("me", b"p@ss")
    other = setup("mqtt://me:pass@host", username="you", password="word").request(4, False)
    assert (other.username, other.password) == ("you", b"word")
    assert setup().request(5, False).password is None


def test_with_an_authenticator_it_is_version_5_or_nothing() -> None:
    """A fallback to 3.1.1 would connect without it, and nobody would know."""
    assert setup(authentication=Authenticator).version == 5
    assert setup(authentication=Authenticator, version="5").version == 5
    assert setup().version is None


class Secretive(Authenticator):
    def __init__(self, secret: str) -> None:
        self._secret = secret


def test_the_place_names_the_proxy() -> None:
    """What goes wrong on the way may be the proxy's doing: sentences name both."""
    made = setup("mqtts://broker.example", proxy=f"socks5://me:{SECRET}@proxy.example:1080")
    assert made.place == "broker.example:8883 (through the proxy proxy.example:1080)"
    assert setup("unix:///run/sock").place == "/run/sock"
    assert SECRET not in f"{made!r} {made}"


def test_no_secret_in_any_repr() -> None:
    """Neither the options nor the request nor the packet show the password."""
    assert SECRET not in f"{setup(authentication=partial(Secretive, SECRET))!r}"
    for made in (setup(f"mqtt://me:{SECRET}@host"), setup(username="me", password=SECRET)):
        request = made.request(5, False)
        assert request.password == SECRET.encode()
        assert SECRET not in f"{made!r} {made} {request!r} {request.packet()!r}"
