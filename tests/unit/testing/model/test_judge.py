"""judge.py: what strict mode objects to, and that it objects to nothing else."""

from __future__ import annotations

import pytest

from holdfast.codec import (
    V5,
    Packet,
    Pingreq,
    Puback,
    Pubcomp,
    Publish,
    Pubrec,
    Pubrel,
    Subscribe,
    SubscribeOption,
    Unsubscribe,
)
from tests.unit.testing.bench import Bench, summary

OBJECTION = ["DISCONNECT 0x82", "CLOSE"]


def bench() -> Bench:
    """A strict broker with a kept session "a" that subscribes to "t"."""
    made = Bench(strict=True)
    made.connect("a", clean=False, kept=True)
    made.subscribe("a", "t")
    return made


def publish(packet_id: int, payload: bytes = b"", *, qos: int = 1, dup: bool = False) -> Publish:
    return Publish("u", payload, qos, False, dup, packet_id)  # type: ignore[arg-type]


def deliver(on: Bench, qos: int, count: int) -> None:
    """Messages 1, 2, ... to "a"."""
    for _ in range(count):
        on.core.publish("t", b"x", on.now, qos=qos)  # type: ignore[arg-type]
    assert len(on.hear("a")) == count


def objection(on: Bench, *packets: Packet) -> str:
    """Send what must end the link; the broker's sentence."""
    heard = summary(on.send("a", *packets))
    assert heard[-2:] == OBJECTION
    assert len(on.core.violations) == 1
    return on.core.violations[0]


def reconnect(on: Bench) -> None:
    on.cut("a")
    on.connect("a", clean=False, kept=True)


def test_pubacks_in_order_are_right() -> None:
    """One by one, or many."""
    on = bench()
    deliver(on, 1, 3)
    assert on.send("a", Puback(1), Puback(2)) == []
    assert on.send("a", Puback(3)) == []
    assert on.core.violations == []


def test_pubacks_out_of_order() -> None:
    """[MQTT-4.6.0-2]"""
    on = bench()
    deliver(on, 1, 3)
    assert objection(on, Puback(2)) == "a: PUBACK 2 before PUBACK 1 [MQTT-4.6.0-2]"


def test_pubrecs_out_of_order() -> None:
    """[MQTT-4.6.0-3]"""
    on = bench()
    deliver(on, 2, 2)
    assert objection(on, Pubrec(2)) == "a: PUBREC 2 before PUBREC 1 [MQTT-4.6.0-3]"


def test_pubrels_out_of_order() -> None:
    """[MQTT-4.6.0-4]: in the order of the PUBRECs the broker sent."""
    on = bench()
    on.send("a", publish(1, qos=2), publish(2, qos=2))
    assert objection(on, Pubrel(2)) == "a: PUBREL 2 before PUBREL 1 [MQTT-4.6.0-4]"


def test_the_order_is_judged_for_each_qos_by_itself() -> None:
    """QoS 1 and QoS 2 have no order between them, and PUBCOMP has none at all."""
    on = bench()
    deliver(on, 2, 2)
    deliver(on, 1, 1)
    assert summary(on.send("a", Puback(3), Pubrec(1), Pubrec(2))) == ["PUBREL 1", "PUBREL 2"]
    assert on.send("a", Pubcomp(2), Pubcomp(1)) == []
    assert on.core.violations == []


@pytest.mark.parametrize(
    ("packet", "cause"), [(Puback(9), "QoS 1 PUBLISH"), (Pubrec(9), "QoS 2 PUBLISH"), (Pubcomp(9), "PUBREL")]
)
def test_an_acknowledgement_of_nothing(packet: Packet, cause: str) -> None:
    """Of a packet that was not sent on this connection."""
    name = type(packet).__name__.upper()
    assert objection(bench(), packet) == f"a: {name} 9 without a {cause} on this connection"


def test_a_pubrel_of_nothing() -> None:
    """On a new session there is nothing to release; on a resumed one it may be from before."""
    on = bench()
    assert objection(on, Pubrel(9)) == "a: PUBREL 9 without a PUBREC on this connection"
    on = bench()
    reconnect(on)
    assert summary(on.send("a", Pubrel(9))) == ["PUBCOMP 9 0x92"]


def test_an_acknowledgement_of_an_earlier_connection() -> None:
    """What was received before the cut is acknowledged when it comes again, not before."""
    on = bench()
    deliver(on, 1, 2)
    on.cut("a")
    on.connect("a", clean=False, kept=True, receive_maximum=1)
    assert objection(on, Puback(2)) == "a: PUBACK 2 without a QoS 1 PUBLISH on this connection"


def test_resent_on_the_same_connection() -> None:
    """[MQTT-4.4.0-1]"""
    on = bench()
    on.send("a", publish(1, qos=2))
    assert objection(on, publish(1, qos=2, dup=True)) == (
        "a: PUBLISH 1 again on the same connection [MQTT-4.4.0-1]"
    )


def test_a_packet_id_used_twice() -> None:
    """Another message with an id that is in use [MQTT-2.2.1-3]."""
    on = bench()
    on.send("a", publish(1, b"one", qos=2))
    assert "which another message uses [MQTT-2.2.1-3]" in objection(on, publish(1, b"other", qos=2))


def test_a_packet_id_is_free_after_its_last_answer() -> None:
    """PUBACK, PUBCOMP, or a PUBREC that refuses."""
    on = bench()
    on.send("a", publish(1, b"one"))
    on.send("a", publish(1, b"two", qos=2), Pubrel(1))
    on.core.refuse("PUBLISH", 0x97, 1)
    assert summary(on.send("a", publish(1, b"three", qos=2))) == ["PUBREC 1 0x97"]
    assert summary(on.send("a", publish(1, b"four", qos=2))) == ["PUBREC 1"]
    assert on.core.violations == []


@pytest.mark.parametrize("qos", [1, 2])
def test_what_was_never_answered_is_resent_with_dup(qos: int) -> None:
    """[MQTT-3.3.1-1]; with it, all is well, and the message is taken once at QoS 2."""
    on = bench()
    on.core.hold("PUBACK" if qos == 1 else "PUBREC")
    on.send("a", publish(1, qos=qos))
    reconnect(on)
    assert objection(on, publish(1, qos=qos)) == "a: PUBLISH 1 again without DUP [MQTT-3.3.1-1]"
    on = bench()
    on.core.hold("PUBACK" if qos == 1 else "PUBREC")
    on.send("a", publish(1, qos=qos))
    reconnect(on)
    assert on.send("a", publish(1, qos=qos, dup=True)) == []
    assert on.core.violations == []


def test_resends_keep_their_order() -> None:
    """[MQTT-4.6.0-1], also of several connections ago."""
    on = bench()
    on.send("a", *(publish(n, qos=2) for n in (3, 1, 2)))
    reconnect(on)
    assert len(on.send("a", *(publish(n, qos=2, dup=True) for n in (3, 1, 2)))) == 3
    reconnect(on)
    assert objection(on, publish(2, qos=2, dup=True), publish(1, qos=2, dup=True)) == (
        "a: PUBLISH 1 resent behind a later one [MQTT-4.6.0-1]"
    )


def test_dup_in_a_new_session() -> None:
    """Nothing can have been sent before [MQTT-3.3.1-1]."""
    assert objection(bench(), publish(1, dup=True)) == "a: PUBLISH 1 with DUP in a new session [MQTT-3.3.1-1]"


def test_dup_in_a_resumed_session_may_be_news_to_the_broker() -> None:
    """The first PUBLISH may have been lost with its connection."""
    on = bench()
    reconnect(on)
    assert summary(on.send("a", publish(1, dup=True))) == ["PUBACK 1 0x10"]


def test_a_request_with_an_id_in_use() -> None:
    """SUBSCRIBE and UNSUBSCRIBE share the ids of PUBLISH."""
    on = bench()
    on.send("a", publish(1, qos=2))
    request = Subscribe(1, [SubscribeOption("v")])
    assert objection(on, request) == "a: SUBSCRIBE with the packet id 1 in use [MQTT-2.2.1-3]"
    on = bench()
    on.core.hold("SUBACK")
    on.send("a", Subscribe(7, [SubscribeOption("v")]))
    assert objection(on, Unsubscribe(7, ["v"])) == "a: UNSUBSCRIBE with the packet id 7 in use [MQTT-2.2.1-3]"


def test_an_unanswered_request_is_over_with_its_connection() -> None:
    """Its id may be used for anything in the resumed session."""
    on = bench()
    on.core.hold("SUBACK")
    on.send("a", Subscribe(7, [SubscribeOption("v")]))
    reconnect(on)
    assert summary(on.send("a", publish(7))) == ["PUBACK 7 0x10"]


def test_the_client_is_judged_before_its_packets_are_held_or_dropped() -> None:
    """A script that keeps PUBACK 1 from the broker makes PUBACK 2 no violation."""
    on = bench()
    deliver(on, 1, 2)
    on.core.drop("PUBACK", 1, "client")
    assert on.send("a", Puback(1), Puback(2)) == []
    assert on.core.violations == []
    assert list(on.core.sessions["a"].inflight) == [1]


def test_everything_else_passes() -> None:
    """QoS 0 and pings are nothing to judge."""
    on = bench()
    assert summary(on.send("a", Publish("u", b""), Publish("u", b""), Pingreq())) == ["PINGRESP"]


def test_without_strict_the_same_is_taken() -> None:
    """An ordinary broker does not notice."""
    on = Bench(version=V5)
    on.connect("a")
    on.subscribe("a", "t")
    deliver(on, 1, 2)
    assert on.send("a", Puback(2), Puback(1), Puback(9)) == []
    assert on.core.violations == []
    assert not on.core.sessions["a"].inflight
