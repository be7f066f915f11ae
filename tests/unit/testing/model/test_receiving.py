"""receiving.py: what publishers send."""

from __future__ import annotations

import pytest

from holdfast.codec import V5, V311, Publish, Pubrel, Version, encode
from holdfast.testing.model import BrokerLimits
from tests.unit.testing.bench import Bench, payloads, summary

VERSIONS = pytest.mark.parametrize("version", [V311, V5])


def accepted(bench: Bench) -> list[bytes]:
    return [packet.payload for packet in bench.core.accepted]


def routed(bench: Bench) -> list[bytes]:
    return [packet.payload for packet in bench.core.routed]


@VERSIONS
def test_each_qos_is_answered_as_it_wants(version: Version) -> None:
    """Nothing, PUBACK, PUBREC and then PUBCOMP."""
    bench = Bench(version=version)
    bench.connect("a")
    bench.subscribe("a", "nothing")
    assert bench.send("a", Publish("t", b"0")) == []
    no_subscribers = " 0x10" if version == V5 else ""
    assert summary(bench.send("a", Publish("t", b"1", 1, packet_id=1))) == [f"PUBACK 1{no_subscribers}"]
    assert summary(bench.send("a", Publish("t", b"2", 2, packet_id=2))) == ["PUBREC 2"]
    assert summary(bench.send("a", Pubrel(2))) == ["PUBCOMP 2"]
    assert accepted(bench) == [b"0", b"1", b"2"]


@VERSIONS
@pytest.mark.parametrize("reason", [None, 0x95])
def test_poison_ends_the_link(version: Version, reason: int | None) -> None:
    """Each time it comes, at any QoS; nothing of it is taken, and what came before is answered."""
    bench = Bench(BrokerLimits(poison=b"bad", poison_reason=reason), version=version)
    for packet in (Publish("t", b"a bad one", 1, packet_id=2), Publish("t", b"bad")):
        bench.connect("a", clean=False, kept=True)
        heard = summary(bench.send("a", Publish("t", b"good", 1, packet_id=1), packet))
        said = ["DISCONNECT 0x95"] if reason and version == V5 else []
        assert heard[1:] == [*said, "CLOSE"]
    assert accepted(bench) == [b"good"] * 2


def test_puback_says_whether_anybody_subscribes() -> None:
    """0x10 or success (MQTT 5 §3.4.2.1)."""
    bench = Bench()
    bench.connect("a")
    bench.subscribe("a", "$share/g/t", qos=0)
    heard = bench.send("a", Publish("t", b"", 1, packet_id=1), Publish("u", b"", 1, packet_id=2))
    assert summary(heard) == ["PUBLISH", "PUBACK 1", "PUBACK 2 0x10"]


@VERSIONS
def test_qos_2_is_taken_once_whatever_is_resent(version: Version) -> None:
    """Known ids are answered and not taken [MQTT-4.3.3-10], over crashes of the broker too."""
    bench = Bench(version=version)
    bench.connect("a", clean=False, kept=True)
    bench.send("a", Publish("t", b"x", 2, packet_id=1))
    for _ in range(2):
        bench.crash()
        bench.connect("a", clean=False, kept=True)
        assert summary(bench.send("a", Publish("t", b"x", 2, dup=True, packet_id=1))) == ["PUBREC 1"]
    assert accepted(bench) == []
    assert summary(bench.send("a", Pubrel(1))) == ["PUBCOMP 1"]
    assert routed(bench) == [b"x"]


def test_qos_2_goes_onward_at_pubrel() -> None:
    """As mosquitto does it; ``accepted`` has it in the order of arrival all the same."""
    bench = Bench()
    bench.connect("a")
    bench.send("a", Publish("t", b"two", 2, packet_id=1), Publish("t", b"one", 1, packet_id=2))
    assert (accepted(bench), routed(bench)) == ([b"two", b"one"], [b"one"])
    bench.send("a", Pubrel(1))
    assert (accepted(bench), routed(bench)) == ([b"two", b"one"], [b"one", b"two"])


def test_qos_2_goes_onward_at_publish_if_wished() -> None:
    """As other brokers do it; PUBREL does not send it again."""
    bench = Bench(BrokerLimits(forward_at="PUBLISH"))
    bench.connect("a")
    bench.send("a", Publish("t", b"x", 2, packet_id=1))
    assert routed(bench) == [b"x"]
    bench.send("a", Pubrel(1))
    assert routed(bench) == [b"x"]


@pytest.mark.parametrize(("version", "answer"), [(V5, "PUBCOMP 9 0x92"), (V311, "PUBCOMP 9")])
def test_a_pubrel_of_an_unknown_id_is_completed(version: Version, answer: str) -> None:
    """So that the client forgets it; 5 is told that it was unknown."""
    bench = Bench(version=version)
    bench.connect("a")
    assert summary(bench.send("a", Pubrel(9))) == [answer]


def test_an_alias_stands_for_its_topic() -> None:
    """``accepted`` has the topic, and subscribers see no alias."""
    bench = Bench()
    bench.connect("a")
    bench.subscribe("a", "#", qos=0)
    bench.send("a", Publish("t", b"1", properties={"topic_alias": 1}))
    heard = bench.send("a", Publish("", b"2", properties={"topic_alias": 1}))
    assert [(p.topic, dict(p.properties)) for p in heard if isinstance(p, Publish)] == [("t", {})]
    assert [p.topic for p in bench.core.accepted] == ["t", "t"]


@pytest.mark.parametrize(
    ("packet", "reason", "sentence"),
    [
        (Publish("t", b"", 2, packet_id=1), "0x9B", "QoS 2, the maximum is 1"),
        (Publish("t", b"", retain=True), "0x9A", "RETAIN, which is not available"),
        (Publish("t", b"", properties={"topic_alias": 4}), "0x94", "topic alias 4, the maximum is 3"),
        (Publish("", b"", properties={"topic_alias": 3}), "0x82", "stands for nothing yet"),
        (Publish("t", b"", properties={"subscription_identifier": (1,)}), "0x82", "[MQTT-3.3.4-6]"),
        (Publish("t", b"x" * 500), "0x95", "the limit is 300"),
    ],
)
def test_what_connack_has_ruled_out_ends_the_link(packet: Publish, reason: str, sentence: str) -> None:
    """With the reason the standard names, and without being taken."""
    limits = BrokerLimits(maximum_qos=1, retain_available=False, topic_alias_maximum=3, max_packet_bytes=300)
    bench = Bench(limits)
    bench.connect("a")
    assert summary(bench.send("a", packet)) == [f"DISCONNECT {reason}", "CLOSE"]
    assert sentence in bench.core.violations[0]
    assert not bench.core.accepted


def test_3_1_1_is_cut_off_for_what_is_too_large() -> None:
    """It was never told the limit, and there is no other answer."""
    bench = Bench(BrokerLimits(max_packet_bytes=100), version=V311)
    bench.connect("a")
    assert summary(bench.send("a", Publish("t", b"x" * 200, 1, packet_id=1))) == ["CLOSE"]
    assert bench.core.violations == ["a: PUBLISH of 208 bytes, the limit is 100"]


def test_more_in_flight_than_the_receive_maximum() -> None:
    """[MQTT-3.3.4-7]: what has not got its last answer counts, a resend of it does not count twice."""
    bench = Bench(BrokerLimits(receive_maximum=2))
    bench.connect("a")
    bench.send("a", *(Publish("t", b"", 2, packet_id=n) for n in (1, 2)))
    assert summary(bench.send("a", Publish("t", b"", 2, dup=True, packet_id=2))) == ["PUBREC 2"]
    bench.send("a", Pubrel(1))
    assert summary(bench.send("a", Publish("t", b"", 2, packet_id=3))) == ["PUBREC 3"]
    assert summary(bench.send("a", Publish("t", b"", 1, packet_id=4))) == ["DISCONNECT 0x93", "CLOSE"]


def test_the_receive_maximum_counts_what_was_not_answered_yet() -> None:
    """A held PUBACK has not left; QoS 0 never counts."""
    bench = Bench(BrokerLimits(receive_maximum=1))
    bench.connect("a")
    bench.core.hold("PUBACK")
    bench.send("a", Publish("t", b"", 1, packet_id=1))
    assert bench.send("a", Publish("t", b"")) == []
    assert summary(bench.send("a", Publish("t", b"", 1, packet_id=2))) == ["DISCONNECT 0x93", "CLOSE"]


def test_3_1_1_knows_no_receive_maximum() -> None:
    """It was never announced there."""
    bench = Bench(BrokerLimits(receive_maximum=1), version=V311)
    bench.connect("a")
    heard = bench.send("a", *(Publish("t", b"", 2, packet_id=n) for n in (1, 2, 3)))
    assert summary(heard) == ["PUBREC 1", "PUBREC 2", "PUBREC 3"]


def test_a_refused_publish_is_not_taken() -> None:
    """The scripted reason in PUBACK or PUBREC; QoS 0 vanishes."""
    bench = Bench()
    bench.connect("a")
    bench.core.refuse("PUBLISH", 0x97, 3)
    packets = (Publish("t", b"", 1, packet_id=1), Publish("t", b"", 2, packet_id=2), Publish("t", b""))
    assert summary(bench.send("a", *packets)) == ["PUBACK 1 0x97", "PUBREC 2 0x97"]
    assert not bench.core.accepted
    assert summary(bench.send("a", Publish("t", b"", 2, packet_id=2))) == ["PUBREC 2"]


def test_what_was_taken_cannot_be_refused_any_more() -> None:
    """A resend of a QoS 2 message that has its PUBREC gets it again."""
    bench = Bench()
    bench.connect("a")
    bench.send("a", Publish("t", b"", 2, packet_id=1))
    bench.core.refuse("PUBLISH", 0x97)
    assert summary(bench.send("a", Publish("t", b"", 2, dup=True, packet_id=1))) == ["PUBREC 1"]


def test_3_1_1_has_no_word_for_a_refusal() -> None:
    """[MQTT-3.3.5-2]: acknowledge, or end the connection."""
    bench = Bench(version=V311)
    bench.connect("a")
    bench.core.refuse("PUBLISH", 0x97)
    assert summary(bench.send("a", Publish("t", b"", 1, packet_id=1))) == ["CLOSE"]


def test_a_message_may_come_in_any_portions() -> None:
    """Byte by byte is the same as whole."""
    bench = Bench()
    bench.connect("a")
    bench.subscribe("a", "t", qos=0)
    heard = []
    for byte in encode(Publish("t", b"payload", 1, packet_id=1), V5):
        heard += bench.send("a", bytes((byte,)))
    assert summary(heard) == ["PUBLISH", "PUBACK 1"]
    assert payloads(heard) == [b"payload"]
