"""delivering.py: routing, windows and redelivery."""

from __future__ import annotations

from typing import Any

import pytest

from holdfast.codec import (
    V5,
    V311,
    Puback,
    Pubcomp,
    Publish,
    Pubrec,
    Subscribe,
    SubscribeOption,
    Version,
)
from holdfast.messages import QoS
from holdfast.testing.model import BrokerLimits
from tests.unit.testing.bench import Bench, Heard, payloads, summary

VERSIONS = pytest.mark.parametrize("version", [V311, V5])


def resumed(bench: Bench, **properties: Any) -> Heard:
    """What "a" hears behind CONNACK when it comes back."""
    heard = bench.connect("a", clean=False, kept=True, **properties)
    return heard[1:]


def kept(version: Version = V5, limits: BrokerLimits | None = None) -> Bench:
    """A broker with a kept session "a" that subscribes to "t" at QoS 2."""
    bench = Bench(limits, version=version)
    bench.connect("a", clean=False, kept=True)
    bench.subscribe("a", "t")
    return bench


def publish(bench: Bench, *texts: bytes, qos: QoS = 1) -> None:
    for text in texts:
        bench.core.publish("t", text, bench.now, qos=qos)


@VERSIONS
def test_a_message_goes_on_at_the_lower_qos(version: Version) -> None:
    """[MQTT-3.8.4-8]"""
    bench = Bench(version=version)
    for qos in (0, 1, 2):
        bench.connect(f"s{qos}")
        bench.subscribe(f"s{qos}", "t", qos=qos)
    for qos in (0, 1, 2):
        publish(bench, b"", qos=qos)  # type: ignore[arg-type]
    got = [[p.qos for p in bench.hear(f"s{n}") if isinstance(p, Publish)] for n in (0, 1, 2)]
    assert got == [[0, 0, 0], [0, 1, 1], [0, 1, 2]]


def test_3_1_1_gets_one_copy_at_the_highest_qos() -> None:
    """[MQTT-3.3.5-1]"""
    bench = Bench(version=V311)
    bench.connect("a")
    bench.subscribe("a", "t/#", qos=0)
    bench.subscribe("a", "t/x", qos=1)
    bench.core.publish("t/x", b"", bench.now, qos=2)
    assert [p.qos for p in bench.hear("a") if isinstance(p, Publish)] == [1]


def test_5_gets_a_copy_for_each_subscription_with_its_identifier() -> None:
    """As mosquitto does it (MQTT 5 §3.3.4)."""
    bench = Bench()
    bench.connect("a")
    bench.send("a", Subscribe(1, [SubscribeOption("t/#")], {"subscription_identifier": 1}))
    bench.send("a", Subscribe(2, [SubscribeOption("t/x")], {"subscription_identifier": 2}))
    bench.core.publish("t/x", b"", bench.now)
    identifiers = [dict(p.properties) for p in bench.hear("a") if isinstance(p, Publish)]
    assert identifiers == [{"subscription_identifier": (2,)}, {"subscription_identifier": (1,)}]


@VERSIONS
def test_redelivery_keeps_ids_and_order_and_says_dup(version: Version) -> None:
    """All that is unacknowledged, then what waited, as first deliveries [MQTT-4.4.0-1, MQTT-4.6.0-6]."""
    bench = kept(version, BrokerLimits(max_inflight=3))
    publish(bench, b"1", b"2", b"3", b"4")
    assert summary(bench.hear("a")) == ["PUBLISH 1", "PUBLISH 2", "PUBLISH 3"]
    assert summary(bench.send("a", Puback(2))) == ["PUBLISH 4"]
    bench.cut("a")
    publish(bench, b"5")
    assert summary(resumed(bench)) == ["PUBLISH 1 dup", "PUBLISH 3 dup", "PUBLISH 4 dup"]
    assert payloads(bench.send("a", Puback(1))) == [b"5"]


@VERSIONS
def test_after_pubrec_the_release_is_what_comes_again(version: Version) -> None:
    """PUBREL in the place of its PUBLISH; PUBCOMP ends it."""
    bench = kept(version)
    publish(bench, b"1", b"2", qos=2)
    assert summary(bench.send("a", Pubrec(1)))[-1] == "PUBREL 1"
    bench.cut("a")
    assert summary(resumed(bench)) == ["PUBREL 1", "PUBLISH 2 dup"]
    assert summary(bench.send("a", Pubcomp(1), Pubrec(2))) == ["PUBREL 2"]
    bench.send("a", Pubcomp(2))
    bench.cut("a")
    assert resumed(bench) == []


def test_the_clients_receive_maximum_holds_for_resends_too() -> None:
    """[MQTT-3.3.4-9]: a smaller one on the new connection; PUBREL needs no room."""
    bench = kept()
    publish(bench, b"1", b"2", b"3", qos=2)
    bench.send("a", Pubrec(1))
    bench.cut("a")
    assert summary(resumed(bench, receive_maximum=1)) == ["PUBREL 1"]
    assert summary(bench.send("a", Pubcomp(1))) == ["PUBLISH 2 dup"]
    assert summary(bench.send("a", Pubrec(2), Pubcomp(2))) == ["PUBREL 2", "PUBLISH 3 dup"]


def test_an_acknowledgement_of_what_still_waits_to_be_resent_counts() -> None:
    """It is not sent again, and nothing is stuck behind it."""
    bench = kept()
    publish(bench, b"1", b"2", b"3")
    bench.cut("a")
    assert summary(resumed(bench, receive_maximum=1)) == ["PUBLISH 1 dup"]
    assert bench.send("a", Puback(2)) == []
    assert summary(bench.send("a", Puback(1))) == ["PUBLISH 3 dup"]


def test_an_error_in_pubrec_ends_the_message() -> None:
    """[MQTT-4.3.3-3]: no PUBREL follows."""
    bench = kept()
    publish(bench, b"1", qos=2)
    bench.hear("a")
    assert bench.send("a", Pubrec(1, 0x97)) == []
    assert not bench.core.sessions["a"].inflight


def test_a_pubrec_of_an_unknown_id_is_released_with_0x92() -> None:
    """So that the client forgets it."""
    bench = kept()
    assert summary(bench.send("a", Pubrec(9))) == ["PUBREL 9 0x92"]
    publish(bench, b"1", qos=1)
    bench.hear("a")
    assert summary(bench.send("a", Pubrec(1))) == ["PUBREL 1 0x92"]


def test_acknowledgements_that_fit_nothing_change_nothing() -> None:
    """A PUBACK for QoS 2, a PUBCOMP before PUBREC, an id nobody knows."""
    bench = kept()
    publish(bench, b"1", qos=2)
    bench.hear("a")
    assert bench.send("a", Puback(1), Pubcomp(1), Puback(7)) == []
    assert list(bench.core.sessions["a"].inflight) == [1]


@VERSIONS
def test_a_kept_session_misses_only_qos_0(version: Version) -> None:
    """QoS 0 is not kept for who is away."""
    bench = kept(version)
    bench.cut("a")
    publish(bench, b"0", qos=0)
    publish(bench, b"1", qos=1)
    assert payloads(resumed(bench)) == [b"1"]


def test_a_full_queue_drops_what_comes_last_and_counts_it() -> None:
    """``max_queued`` is per session."""
    bench = kept(limits=BrokerLimits(max_queued=2))
    bench.cut("a")
    publish(bench, b"1", b"2", b"3", b"4")
    assert bench.core.sessions["a"].dropped == 2
    assert payloads(resumed(bench)) == [b"1", b"2"]


def test_what_is_too_large_for_the_client_counts_as_done() -> None:
    """[MQTT-3.1.2-24, -25]: nothing waits behind it, on first delivery or on a resend."""
    bench = kept()
    publish(bench, b"x" * 100)
    assert payloads(bench.hear("a")) == [b"x" * 100]
    bench.cut("a")
    assert resumed(bench, maximum_packet_size=50) == []
    publish(bench, b"y" * 100, b"small")
    publish(bench, b"z" * 100, qos=0)
    assert payloads(bench.hear("a")) == [b"small"]
    assert list(bench.core.sessions["a"].inflight) == [3]


def test_what_expires_in_the_queue_is_not_sent() -> None:
    """[MQTT-3.3.2-5]; what is left goes with its remaining time."""
    bench = kept()
    bench.cut("a")
    for seconds in (5, 50):
        bench.core.publish("t", b"%d" % seconds, bench.now, properties={"message_expiry_interval": seconds})
    bench.now += 10
    heard = resumed(bench)
    assert payloads(heard) == [b"50"]
    assert isinstance(heard[0], Publish)
    assert heard[0].properties["message_expiry_interval"] == 40


def test_an_expired_retained_message_is_not_sent() -> None:
    """Not at QoS 0 either."""
    bench = Bench()
    bench.core.publish("r", b"x", bench.now, retain=True, properties={"message_expiry_interval": 5})
    bench.connect("a")
    assert payloads(bench.subscribe("a", "r", qos=0)) == [b"x"]
    bench.now += 5
    assert payloads(bench.subscribe("a", "r", qos=0)) == []
    assert payloads(bench.subscribe("a", "r", qos=1)) == []


def test_shared_messages_go_to_members_in_turn_connected_or_not() -> None:
    """A kept session that is away keeps its turn, and its messages."""
    bench = Bench()
    for name in ("a", "b"):
        bench.connect(name, clean=False, kept=True)
        bench.subscribe(name, "$share/g/t", qos=1)
    bench.cut("a")
    publish(bench, b"1", b"2", b"3")
    assert payloads(bench.hear("b")) == [b"2"]
    assert payloads(resumed(bench)) == [b"1", b"3"]


def test_no_local_keeps_ones_own_messages_away() -> None:
    """[MQTT-3.8.3-3]"""
    bench = Bench()
    bench.connect("a")
    bench.send("a", Subscribe(1, [SubscribeOption("t", 0, no_local=True)]))
    assert bench.send("a", Publish("t", b"mine")) == []
    publish(bench, b"yours", qos=0)
    assert payloads(bench.hear("a")) == [b"yours"]


def test_retain_flag_on_live_messages() -> None:
    """As published only where the subscription asks for it [MQTT-3.3.1-12, MQTT-3.3.1-13]."""
    bench = Bench()
    bench.connect("a")
    options = [SubscribeOption("t/#", 0, retain_as_published=True), SubscribeOption("t/x", 0)]
    bench.send("a", Subscribe(1, options))
    bench.core.publish("t/x", b"", bench.now, retain=True)
    assert [p.retain for p in bench.hear("a") if isinstance(p, Publish)] == [False, True]


def test_an_empty_payload_removes_what_is_retained() -> None:
    """[MQTT-3.3.1-6]; another one replaces it [MQTT-3.3.1-5]."""
    bench = Bench()
    for text in (b"1", b"2"):
        bench.core.publish("r", text, bench.now, retain=True)
    assert [message.payload for message in bench.core.retained.values()] == [b"2"]
    bench.core.publish("r", b"", bench.now, retain=True)
    assert not bench.core.retained
