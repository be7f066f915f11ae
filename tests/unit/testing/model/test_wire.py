"""wire.py: what leaves, and in which order."""

from __future__ import annotations

import pytest

from holdfast.codec import V5, V311, Puback, Publish, Subscribe, SubscribeOption, Version
from tests.unit.testing.bench import Bench, is_present, summary


def test_a_held_packet_leaves_at_release_behind_what_passed() -> None:
    """Only its type waits."""
    bench = Bench()
    bench.connect("a")
    bench.core.hold("PUBACK")
    assert bench.send("a", Publish("t", b"", 1, packet_id=1)) == []
    assert summary(bench.send("a", Publish("t", b"", 2, packet_id=2))) == ["PUBREC 2"]
    bench.core.release(bench.now)
    assert summary(bench.hear("a")) == ["PUBACK 1 0x10"]


def test_nothing_precedes_a_held_connack() -> None:
    """[MQTT-3.2.0-1]; at release everything comes in order."""
    bench = Bench()
    bench.core.hold("CONNACK")
    assert bench.connect("a") == []
    assert bench.subscribe("a", "t") == []
    bench.core.publish("t", b"x", bench.now)
    assert bench.hear("a") == []
    bench.core.release(bench.now)
    assert summary(bench.hear("a")) == ["CONNACK", "SUBACK 60000", "PUBLISH 1"]


def test_behind_a_dropped_connack_nothing_ever_comes() -> None:
    """The client must not hear anything before it."""
    bench = Bench()
    bench.core.drop("CONNACK")
    assert bench.connect("a") == []
    assert bench.subscribe("a", "t") == []
    bench.core.release(bench.now)
    assert bench.hear("a") == []


def test_what_is_held_for_a_link_is_gone_with_it() -> None:
    """A later link of the same client does not get it."""
    bench = Bench()
    bench.connect("a", clean=False, kept=True)
    bench.core.hold("SUBACK")
    bench.send("a", Subscribe(1, [SubscribeOption("t")]))
    bench.cut("a")
    assert is_present(bench.connect("a", clean=False, kept=True))
    bench.core.release(bench.now)
    assert bench.hear("a") == []


@pytest.mark.parametrize(("version", "told"), [(V5, ["DISCONNECT 0x82", "CLOSE"]), (V311, ["CLOSE"])])
def test_a_violation_is_told_where_the_version_can(version: Version, told: list[str]) -> None:
    """5 gets a reason, 3.1.1 the end; the sentence names the client."""
    bench = Bench(version=version, strict=True)
    bench.connect("a")
    assert summary(bench.send("a", Puback(1))) == told
    assert bench.core.violations == ["a: PUBACK 1 without a QoS 1 PUBLISH on this connection"]


def test_before_connect_a_violation_is_told_to_nobody() -> None:
    """A DISCONNECT before CONNACK is none [MQTT-3.14.0-1]; the sentence names the link."""
    bench = Bench()
    bench.open("a")
    assert summary(bench.send("a", Puback(1))) == ["CLOSE"]
    assert bench.core.violations == ["link 1: PUBACK before CONNECT [MQTT-3.1.0-1]"]


def test_nothing_follows_close() -> None:
    """What the client sent behind its violation means nothing, and nobody sends to it."""
    bench = Bench(strict=True)
    bench.connect("a")
    bench.subscribe("a", "t")
    heard = bench.send("a", Puback(1), Publish("t", b"x", 1, packet_id=5))
    assert summary(heard)[-1] == "CLOSE"
    assert bench.send("a", Publish("t", b"x", 1, packet_id=5)) == []
    assert not bench.core.accepted
