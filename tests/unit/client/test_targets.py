"""What is dialled, and what CONNECT says to it."""

from __future__ import annotations

from typing import Any

import pytest

from holdfast import Client, Reconnect
from holdfast.client.brokers import Target
from holdfast.client.targets import Targets
from holdfast.codec import V5, V311
from holdfast.testing import Broker, Proxy, eventually
from tests.support.sockets import Ear
from tests.unit.client.exchange import Plain

NOW = Reconnect(attempt_timeout_s=0.001)


def targets(*urls: Any, rank: int = 0, **options: Any) -> Targets:
    """Of a client with these URLs."""
    setup = Client(list(urls), reconnect=NOW, **options)._setup
    names = [group[0] for group in setup.places]
    return Targets(setup, names, {}, lambda: False, rank)


def test_the_broker_whose_turn_it_is() -> None:
    """Its place, its URL without secrets, its rank; then the next one's."""
    made = targets("mqtt://me:secret@a", ["mqtt://b1", "mqtt://b2"])
    assert made.target == Target("a:1883", "mqtt://a", 0)
    while not made.failover.failed(made.failover._since + 1):
        pass
    assert (made.place, made.target) == ("b1:1883", Target("b1:1883", "mqtt://b1", 1))
    made.failover.failed(0)
    assert made.place == "b2:1883"


def test_connect_names_the_group_and_asks_as_who_it_is() -> None:
    """The session is the group's (contract 3), the credentials are the address's."""
    made = targets("mqtt://a", ["mqtt://b1", "mqtt://you:two@b2"], rank=1, client_id="c")
    assert made.request(V5).group == "b1:1883"
    made.failover.failed(0)
    request = made.request(V5)
    assert (request.group, request.username, request.password) == ("b1:1883", "you", b"two")


def test_each_broker_has_a_version_of_its_own() -> None:
    """That one speaks 3.1.1 alone says nothing about another (contract 4)."""
    made = targets(["mqtt://a", "mqtt://b"])
    assert made.versions.refused(0x84)
    assert made.versions.choose(0) == V311
    made.failover.failed(0)
    assert made.versions.choose(0) == V5
    made.failover.failed(0)
    assert made.versions.choose(0) == V311


async def test_it_is_dialled() -> None:
    """The one whose turn it is; and any other one that is to be looked at."""
    with Broker() as broker, Proxy(broker.url) as one, Proxy(broker.url) as two:
        made = targets(one.url, two.url)
        (await made.dial(Ear())).abort()
        await eventually(lambda: (one.connects, two.connects) == (1, 0))
        (await made.open(made.failover.addresses(1)[0], Ear())).abort()
        await eventually(lambda: (one.connects, two.connects) == (1, 1))


def refer(made: Targets, code: int, reference: str | None, connected: bool = False) -> Any:
    return made.refer(code, reference, connected)


def test_who_has_not_proved_itself_moves_nobody_for_good() -> None:
    """With an authenticator: a stranger in the broker's place can send CONNACK 0x9D, and no DISCONNECT."""
    for authentication, connected, for_good in (
        (None, False, True),
        (Plain, False, False),
        (Plain, True, True),
    ):
        made = targets("mqtt://a", authentication=authentication)
        assert refer(made, 0x9D, "r", connected)[1] is for_good
        made.failover.failed(0)
        assert made.place == ("r:1883" if for_good else "a:1883")


def test_a_reference_is_followed() -> None:
    """With the transport, the user and the password of whoever refers us; its session may not be there."""
    made = targets("mqtts://me:pass@a", client_id="c")
    assert refer(made, 0x9C, "r.example") == (Target("r.example:8883", "mqtts://r.example", 0), False)
    request = made.request(V5)
    assert (request.group, request.apart, request.password) == ("a:8883", "r.example:8883", b"pass")


def test_a_reference_to_a_broker_that_we_know() -> None:
    """Its session is that of its own group, and its user and password are its own."""
    made = targets("mqtt://a", ["mqtt://b1", "mqtt://you:two@b2"], client_id="c")
    assert refer(made, 0x9C, "b2") == (Target("b2:1883", "mqtt://b2", 0), False)
    request = made.request(V5)
    assert (request.group, request.apart, request.username) == ("b1:1883", None, "you")


def test_what_is_no_reference_is_ignored(caplog: pytest.LogCaptureFixture) -> None:
    """Other codes, nothing, and nonsense, which is said."""
    made = targets("mqtt://a")
    assert [refer(made, code, text) for code, text in ((0x87, "r"), (0x9C, None), (0x9D, ""))] == [None] * 3
    assert caplog.text == ""
    assert refer(made, 0x9C, "http://r") is None
    assert "a:1883 refers us to another server, which is ignored: 'http://r'" in caplog.text
    assert made.place == "a:1883"


def test_a_circle_of_references_is_left() -> None:
    """After so many the next one is as good as none."""
    made = targets("mqtt://a")
    assert [refer(made, 0x9C, "r") is None for _ in range(6)] == [False] * 5 + [True]
