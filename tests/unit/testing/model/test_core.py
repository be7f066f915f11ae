"""core.py: the face of the model broker."""

from __future__ import annotations

from holdfast.codec import V5, Connect, Pingreq, Puback, Publish, encode
from holdfast.testing.model import CLOSE, BrokerCore, BrokerLimits
from tests.unit.testing.bench import Bench, payloads


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
