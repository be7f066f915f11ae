"""core.py: the face of the model broker."""

from __future__ import annotations

import pytest

from holdfast.codec import (
    V5,
    V311,
    Auth,
    Connack,
    Connect,
    Pingreq,
    Puback,
    Publish,
    Suback,
    Version,
    encode,
)
from holdfast.testing.model import CLOSE, BrokerCore, BrokerLimits
from tests.unit.testing.bench import Bench, payloads, summary

VERSIONS = pytest.mark.parametrize("version", [V311, V5])


@VERSIONS
def test_a_ping_is_answered(version: Version) -> None:
    """[MQTT-3.12.4-1]"""
    bench = Bench(version=version)
    bench.connect("a")
    assert summary(bench.send("a", Pingreq())) == ["PINGRESP"]


def test_take_gives_what_is_new_in_order() -> None:
    """Over all links; a second take gives nothing."""
    core = BrokerCore()
    for id in (7, 8):
        core.open(id, 0)
        core.receive(id, encode(Connect(f"c{id}"), V5) + encode(Pingreq(), V5), 0)
    core.receive(7, encode(Connect("c7"), V5), 0)
    taken = core.take()
    assert [id for id, _ in taken] == [7, 7, 8, 8, 7, 7]
    assert taken[-1] == (7, CLOSE)
    assert core.take() == []


def test_unknown_links_mean_nothing() -> None:
    """Bytes and ends of links that have ended, or never began."""
    core = BrokerCore()
    core.receive(1, encode(Connect("a"), V5), 0)
    core.closed(1, 0)
    assert core.take() == []


@VERSIONS
def test_anything_before_connect_ends_the_link(version: Version) -> None:
    """[MQTT-3.1.0-1]"""
    bench = Bench(version=version)
    bench.open("a")
    assert summary(bench.send("a", Pingreq())) == ["CLOSE"]


@pytest.mark.parametrize(
    "packet", [Connack(), Suback(1, [0]), Auth(0x18, {"authentication_method": "riddles"})]
)
def test_what_no_client_may_send_ends_the_link(packet: Connack | Suback | Auth) -> None:
    """Packets of servers, and AUTH without a method agreed on."""
    bench = Bench()
    bench.connect("a")
    name = type(packet).__name__.upper()
    assert summary(bench.send("a", encode(packet, V5))) == ["DISCONNECT 0x82", "CLOSE"]
    assert bench.core.violations == [f"a: {name}, which no client may send now"]


def test_what_came_before_malformed_bytes_counts() -> None:
    """The packets in front of them are taken, then the link ends with the decoder's reason."""
    bench = Bench()
    bench.connect("a")
    heard = bench.send("a", Publish("t", b"ok", 1, packet_id=1), b"\x36\x05\0\1t\0\1")
    assert summary(heard) == ["PUBACK 1 0x10", "DISCONNECT 0x81", "CLOSE"]
    assert [packet.payload for packet in bench.core.accepted] == [b"ok"]


def test_another_protocol_is_answered_in_words_all_understand() -> None:
    """CONNACK of 3.1.1 with return code 1 [MQTT-3.1.2-2]."""
    core = BrokerCore()
    core.open(1, 0)
    core.receive(1, b"\x10\x0e\0\6MQIsdp\3\2\0\x3c\0\0", 0)
    assert core.take() == [(1, b"\x20\2\0\1"), (1, CLOSE)]


def test_a_held_packet_of_a_client_is_handled_at_release() -> None:
    """As if it came then; one of a link that has ended is gone."""
    bench = Bench()
    bench.connect("a")
    bench.subscribe("a", "t")
    bench.core.publish("t", b"x", bench.now)
    bench.hear("a")
    bench.core.hold("PUBACK", "client")
    bench.send("a", Puback(1))
    assert list(bench.core.sessions["a"].inflight) == [1]
    bench.core.release(bench.now)
    assert not bench.core.sessions["a"].inflight
    bench.core.hold("PUBLISH", "client")
    bench.send("a", Publish("t", b"held"))
    bench.cut("a")
    bench.core.release(bench.now)
    assert not bench.core.accepted


def test_dirty_tells_when_something_durable_has_changed() -> None:
    """A ping, or a QoS 0 message, promises nothing; a QoS 1 message does."""
    bench = Bench()
    bench.connect("a")
    assert bench.core.dirty
    bench.core.dirty = False
    bench.send("a", Pingreq(), Publish("t", b""))
    assert not bench.core.dirty
    bench.send("a", Publish("t", b"", 1, packet_id=1))
    assert bench.core.dirty


def test_the_same_calls_give_the_same_bytes() -> None:
    """Nothing is left to chance: what the log of the broker relies on."""

    def run() -> list[object]:
        bench = Bench(BrokerLimits(max_inflight=2))
        bench.connect("a", "", kept=True)
        bench.connect("b", clean=False, kept=True)
        bench.subscribe("b", "$share/g/#")
        for n in range(5):
            bench.core.publish(f"t/{n}", b"%d" % n, bench.now, qos=2, retain=True)
        return [bench.hear("b"), bench.core.state()]

    assert run() == run()


def test_a_successor_goes_on_telling_and_keeps_the_scripts() -> None:
    """After a restart: what tests have asked for and counted is still there, links are not."""
    bench = Bench()
    bench.connect("a", clean=False, kept=True)
    bench.core.refuse("PUBLISH", 0x97, 2)
    bench.send("a", Publish("t", b"no", 1, packet_id=1), Publish("t", b"no", 1, packet_id=2))
    bench.send("a", Publish("t", b"yes", 1, packet_id=3))
    bench.core.hold("PUBACK")
    heir = bench.core.successor(bench.core.state(), bench.now)
    assert [packet.payload for packet in heir.accepted] == [b"yes"]
    assert (heir.connects, set(heir.sessions)) == (1, {"a"})
    assert heir.scripts() == [("hold", ("PUBACK", "broker"), {})]
    forgetful = bench.core.successor(None, bench.now)
    assert (forgetful.connects, forgetful.sessions) == (1, {})


def test_an_ancestor_is_the_past_alone() -> None:
    """The same options, the state, and nothing told yet."""
    bench = Bench(strict=True)
    bench.connect("a", clean=False, kept=True)
    past = bench.core.ancestor(bench.core.state())
    assert (past.connects, set(past.sessions)) == (0, {"a"})
    assert bench.core.ancestor(None).sessions == {}


def test_publish_reaches_subscribers_and_is_not_accepted() -> None:
    """``accepted`` is what clients sent, ``routed`` is everything."""
    bench = Bench()
    bench.connect("a")
    bench.subscribe("a", "t", qos=0)
    bench.core.publish("t", b"x", bench.now, properties={"content_type": "x"})
    assert payloads(bench.hear("a")) == [b"x"]
    assert not bench.core.accepted
    assert [packet.payload for packet in bench.core.routed] == [b"x"]
