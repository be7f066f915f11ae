"""Enhanced authentication as the model broker plays it: who comes in, who stays, who is cut off."""

from __future__ import annotations

from typing import Any

import pytest

from holdfast.codec import (
    V311,
    Auth,
    Connack,
    Disconnect,
    Pingreq,
    Pingresp,
    Publish,
    Subscribe,
    SubscribeOption,
    Version,
)
from holdfast.testing.model import CLOSE, BrokerCore
from tests.unit.testing.bench import Bench, Heard, summary


class Riddle:
    """Asks ``?`` until the answer is ``yes``; ``no`` is refused; what came with CONNECT does not count."""

    method = "riddle"

    def __init__(self) -> None:
        self.asked = False

    def step(self, data: bytes) -> tuple[int, bytes | None]:
        if not self.asked:
            self.asked = True
            return 0x18, b"?"
        if data == b"raise":
            raise ValueError("of the test")
        return {b"yes": (0x00, b"!"), b"plain": (0x00, None), b"no": (0x87, None)}.get(data, (0x18, b"?"))


def bench(version: Version = 5) -> Bench:
    """A broker that asks riddles."""
    made = Bench(version=version)
    made.core = BrokerCore(authentication=Riddle)
    return made


def auth(reason: int, data: bytes | None = None, method: str = "riddle") -> Auth:
    properties: dict[str, Any] = {"authentication_method": method}
    return Auth(reason, properties if data is None else {**properties, "authentication_data": data})


def connect(bench: Bench, **properties: Any) -> Heard:
    return bench.connect("a", authentication_method="riddle", **properties)


def test_in_as_many_steps_as_it_takes() -> None:
    """0x18 until it is content; CONNACK has the method, its proof, and what CONNACKs have."""
    riddles = bench()
    assert connect(riddles) == [auth(0x18, b"?")]
    assert riddles.send("a", auth(0x18, b"what?")) == [auth(0x18, b"?")]
    [connack] = riddles.send("a", auth(0x18, b"yes"))
    assert isinstance(connack, Connack)
    assert connack.properties == {
        "authentication_method": "riddle",
        "authentication_data": b"!",
        "topic_alias_maximum": 10,
    }
    assert riddles.send("a", Pingreq()) == [Pingresp()]
    assert riddles.core.connects == 1


def test_refused() -> None:
    """By the examiner, for another method or none, and everywhere if there is no examiner."""
    riddles = bench()
    connect(riddles)
    assert riddles.send("a", auth(0x18, b"no")) == [Connack(False, 0x87), CLOSE]
    assert riddles.connect("b", authentication_method="M") == [Connack(False, 0x8C), CLOSE]
    assert riddles.connect("c") == [Connack(False, 0x87), CLOSE]
    assert Bench().connect("a", authentication_method="M") == [Connack(False, 0x8C), CLOSE]
    old = bench(V311)
    assert old.connect("a") == [Connack(False, 5), CLOSE]
    assert not riddles.core.violations


def test_again_on_a_live_connection() -> None:
    """AUTH 0x19 begins a new exchange; other packets go on; a refusal ends the connection with its reason."""
    riddles = bench()
    connect(riddles)
    riddles.send("a", auth(0x18, b"plain"))
    assert riddles.send("a", auth(0x19, b"")) == [auth(0x18, b"?")]
    assert summary(riddles.send("a", Publish("t", b"x", 1, packet_id=1))) == ["PUBACK 1 0x10"]
    assert riddles.send("a", auth(0x18, b"yes")) == [auth(0x00, b"!")]
    riddles.send("a", auth(0x19))
    assert riddles.send("a", auth(0x18, b"no")) == [Disconnect(0x87), CLOSE]
    assert not riddles.core.violations


@pytest.mark.parametrize(
    ("packet", "word"),
    [
        (auth(0x18, b"yes", "other"), "4.12.0-5"),
        (Auth(), "4.12.0-5"),
        (auth(0x19), "out of turn"),
        (auth(0x00), "out of turn"),
        (Publish("t", b""), "3.1.2-30"),
        (Subscribe(1, [SubscribeOption("t")]), "3.1.2-30"),
        (Pingreq(), "3.1.2-30"),
    ],
)
def test_what_a_client_must_not_do_before_connack(packet: Any, word: str) -> None:
    """Each ends the link, and says which rule was broken."""
    riddles = bench()
    connect(riddles)
    assert riddles.send("a", packet) == [CLOSE]
    [violation] = riddles.core.violations
    assert word in violation


def test_a_second_connect_in_the_exchange() -> None:
    """[MQTT-3.1.0-2] holds from the first one on."""
    riddles = bench()
    connect(riddles)
    data = riddles.send("a", b"\x10\x0d\x00\x04MQTT\x05\x02\x00\x00\x00\x00\x00")
    assert data == [CLOSE]
    assert "second CONNECT" in riddles.core.violations[0]


def test_a_client_may_leave_in_the_exchange() -> None:
    """DISCONNECT is one of the two packets it may send."""
    riddles = bench()
    connect(riddles)
    assert riddles.send("a", Disconnect(0x80)) == [CLOSE]
    assert not riddles.core.violations
    assert not riddles.core.sessions


@pytest.mark.parametrize("packet", [auth(0x18, b"yes"), auth(0x00), auth(0x19, None, "other")])
def test_what_a_client_must_not_do_afterwards(packet: Auth) -> None:
    """An answer to nothing, a success of its own, another method."""
    riddles = bench()
    connect(riddles)
    riddles.send("a", auth(0x18, b"yes"))
    assert riddles.send("a", packet) == [Disconnect(0x82), CLOSE]


def test_auth_without_a_method_in_connect() -> None:
    """[MQTT-4.12.0-7]."""
    plain = Bench()
    plain.connect("a")
    assert plain.send("a", auth(0x19)) == [Disconnect(0x82), CLOSE]
    assert "4.12.0-7" in plain.core.violations[0]


def test_an_examiner_that_raises() -> None:
    """A defect of the test is told as one, and the client refused."""
    riddles = bench()
    connect(riddles)
    assert riddles.send("a", auth(0x18, b"raise")) == [Connack(False, 0x80), CLOSE]
    assert "ValueError" in riddles.core.violations[0]


def test_auth_can_be_held() -> None:
    """Before CONNACK too; what was held comes in order."""
    riddles = bench()
    riddles.core.hold("AUTH")
    assert connect(riddles) == []
    riddles.core.release(riddles.now)
    assert riddles.hear("a") == [auth(0x18, b"?")]
    riddles.core.hold("CONNACK")
    assert riddles.send("a", auth(0x18, b"maybe")) == [auth(0x18, b"?")]
    assert riddles.send("a", auth(0x18, b"yes")) == []
    riddles.core.release(riddles.now)
    assert summary(riddles.hear("a")) == ["CONNACK"]


def test_it_goes_on_asking_after_a_restart() -> None:
    """With its state or without."""
    riddles = bench()
    for state in (riddles.core.state(), None):
        riddles.core = riddles.core.successor(state, riddles.now)
        assert riddles.connect("a") == [Connack(False, 0x87), CLOSE]
