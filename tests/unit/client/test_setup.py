"""The constructor's options, and the CONNECT that follows from them."""

from __future__ import annotations

import ssl
from functools import partial
from typing import Any

import pytest

from holdfast import Authenticator, Client, Compression
from holdfast.client.brokers import Url
from holdfast.client.setup import Setup
from holdfast.codec import Version
from holdfast.errors import ConfigurationError
from holdfast.protocol import ConnectRequest
from tests.support.leaks import SECRET


def setup(url: Url = "mqtt://host", **options: Any) -> Setup:
    """What a client makes of these options."""
    return Client(url, **options)._setup


def request(made: Setup, version: Version, subscribes: bool) -> ConnectRequest:
    """What it says to its first broker."""
    return made.request(version, subscribes, made.first, "group")


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
    assert request(setup(), 5, True).session_expiry_s == 0
    assert setup().client_id != setup().client_id
    stable = setup(client_id="a")
    assert request(stable, 5, True).session_expiry_s == 86_400
    assert request(stable, 5, False).session_expiry_s == 3600
    assert request(setup(client_id="a", session_expiry_s=0), 5, True).session_expiry_s == 0
    assert (
        request(setup(client_id="a", session_expiry_s=float("inf")), 5, True).session_expiry_s == 0xFFFFFFFF
    )


def test_a_probe_is_nobody_s_role() -> None:
    """It subscribes, and is still a client that only publishes; each attempt has its own nonce."""
    probing = setup(client_id="a", probe_s=30)
    first, second = request(probing, 5, False), request(probing, 5, False)
    assert first.session_expiry_s == 3600
    assert first.probe_s == 30
    assert first.probe_nonce
    assert first.probe_nonce != second.probe_nonce
    assert request(setup(client_id="a"), 5, False).probe_s is None


def test_credentials_of_the_url() -> None:
    """The URL's user and password serve where no other is given."""
    asked = request(setup("mqtt://me:p%40ss@host"), 4, False)
    assert (asked.username, asked.password) == ("me", b"p@ss")
    other = request(setup("mqtt://me:pass@host", username="you", password="word"), 4, False)
    assert (other.username, other.password) == ("you", b"word")
    assert request(setup(), 5, False).password is None


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
    assert made.place_of(made.first) == "broker.example:8883 (through the proxy proxy.example:1080)"
    unix = setup("unix:///run/sock")
    assert unix.place_of(unix.first) == "/run/sock"
    assert SECRET not in f"{made!r} {made}"


def test_no_secret_in_any_repr() -> None:
    """Neither the options nor the request nor the packet show the password."""
    assert SECRET not in f"{setup(authentication=partial(Secretive, SECRET))!r}"
    for made in (setup(f"mqtt://me:{SECRET}@host"), setup(username="me", password=SECRET)):
        asked = request(made, 5, False)
        assert asked.password == SECRET.encode()
        assert SECRET not in f"{made!r} {made} {asked!r} {asked.packet()!r}"


def test_each_broker_has_its_own_credentials() -> None:
    """Those of its URL, where the options have none; the options are for all of them."""
    urls = ["mqtt://me:one@a", ["mqtt://b1", "mqtt://you:two@b2"]]
    made = setup(urls)
    asked = [made.request(5, False, address, "") for group in made.groups for address in group]
    assert [(one.username, one.password) for one in asked] == [("me", b"one"), (None, None), ("you", b"two")]
    made = setup(urls, username="we", password="three")
    assert {made.request(5, False, one, "").password for group in made.groups for one in group} == {b"three"}


def test_tls_options_are_for_the_brokers_that_speak_it() -> None:
    """A backup on this machine may go without; options for nobody are a mistake."""
    assert setup(["mqtts://a", "mqtt://localhost"], tls=ssl.create_default_context()).tls is not None
    with pytest.raises(ConfigurationError, match="tls="):
        setup(["mqtt://a", "mqtt://b"], tls=ssl.create_default_context())


def test_the_group_is_part_of_the_request() -> None:
    """Whose session it is (contract 3)."""
    assert request(setup(), 5, False).group == "group"
    assert setup([["mqtt://a", "mqtt://b:1"]]).places == [["a:1883", "b:1"]]
