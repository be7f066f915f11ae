"""The receiving half of a session within its limits: window, aliases, size (contract 10, 13)."""

from __future__ import annotations

from typing import Any

import pytest

from holdfast.codec import V5, V311, Packet, Publish, Pubrel, Version, encode
from holdfast.messages import QoS
from holdfast.protocol import Anomaly, Closed, LinkState, Oversize, Received
from holdfast.protocol.receiver import OVERFILLED
from tests.support.driven import Driven, incoming, names

BOTH = pytest.mark.parametrize("version", [V311, V5])


def ready(version: Version = V5, **request: Any) -> Driven:
    driven = Driven(version, **request)
    driven.up()
    return driven


# -- our Receive Maximum --------------------------------------------------------------------------


def test_a_broker_that_exceeds_our_receive_maximum_is_told_of_once() -> None:
    """All is taken and acknowledged: hung up on, mosquitto would do it again, for ever (contract 14)."""
    driven = ready(receive_maximum=2)
    driven.feed(incoming(1), incoming(2, 2))
    assert driven.told(Anomaly) == []
    driven.feed(incoming(3), incoming(4, 2))
    driven.feed(incoming(5, dup=True))
    assert driven.told(Anomaly) == [Anomaly(OVERFILLED, 3)]
    assert driven.session.link is LinkState.UP
    left = names(driven.ack(*driven.deliveries))
    assert left == ["PUBACK 1", "PUBACK 3", "PUBACK 5", "PUBREC 2", "PUBREC 4"]


def test_each_connection_counts_anew() -> None:
    """What was in flight on an earlier connection is not in flight on this one (§4.9)."""
    driven = ready(receive_maximum=1)
    driven.feed(incoming(1, 2))
    driven.again()
    driven.feed(incoming(2, 2))
    assert driven.told(Anomaly) == []
    driven.feed(incoming(3, 2))
    assert driven.told(Anomaly) == [Anomaly(OVERFILLED, 3)]


def test_311_has_no_receive_maximum() -> None:
    """The number in flight is the broker's choice there."""
    driven = ready(V311, receive_maximum=1)
    driven.feed(incoming(1), incoming(2))
    assert len(driven.deliveries) == 2
    assert driven.told(Anomaly) == []


# -- topic aliases ----------------------------------------------------------------------------------


def aliased(topic: str, alias: int) -> Publish:
    return Publish(topic, b"m", properties={"topic_alias": alias})


def test_an_alias_stands_for_its_topic() -> None:
    """Set with a topic, used without, and set anew (MQTT 5 §3.3.2.3.4)."""
    driven = ready(topic_alias_maximum=2)
    driven.feed(aliased("a", 2), aliased("", 2), aliased("b", 2), aliased("", 2))
    assert [delivery.topic for delivery in driven.deliveries] == ["a", "a", "b", "b"]


@pytest.mark.parametrize(
    ("packet", "reason"),
    [(aliased("a", 3), 0x94), (aliased("", 2), 0x82), (Publish("", b"m"), 0x82)],
    ids=["above our maximum", "never set", "no topic at all"],
)
def test_illegal_aliases(packet: Packet, reason: int) -> None:
    """Above what we offered, without a meaning, or neither alias nor topic: the connection ends."""
    driven = ready(topic_alias_maximum=2)
    driven.feed(packet)
    assert [one.reason for one in driven.told(Closed)] == [reason]
    assert driven.deliveries == []


def test_aliases_end_with_the_connection() -> None:
    """A mapping is not carried forward [MQTT-3.3.2-7]."""
    driven = ready()
    driven.feed(aliased("a", 1))
    driven.again()
    driven.feed(aliased("", 1))
    assert driven.told(Closed)[0].reason == 0x82


# -- oversize -----------------------------------------------------------------------------------------

LIMIT = 64


def giant(packet_id: int, qos: QoS) -> bytes:
    return encode(incoming(packet_id, qos, b"x" * LIMIT, topic="big"), V311)


@pytest.mark.parametrize(("qos", "answer"), [(0, []), (1, ["PUBACK 5"]), (2, ["PUBREC 5"])])
def test_311_oversize_is_told_and_acknowledged(qos: QoS, answer: list[str]) -> None:
    """So no retained giant kills the link for ever; nothing is delivered (contract 10)."""
    driven = ready(V311, max_packet_bytes=LIMIT)
    data = giant(5 if qos else 0, qos)
    assert names(driven.raw(data)) == answer
    assert driven.told(Oversize) == [Oversize("big", len(data))]
    assert driven.deliveries == []


def test_the_acknowledgement_of_a_giant_keeps_the_line() -> None:
    """It waits for the messages in front of it [MQTT-4.6.0-2]."""
    driven = ready(V311, max_packet_bytes=LIMIT)
    driven.feed(incoming(1))
    assert driven.raw(giant(2, 1)) == []
    assert names(driven.ack(*driven.deliveries)) == ["PUBACK 1", "PUBACK 2"]


def test_a_giant_of_qos_2_is_completed() -> None:
    """Its identifier is kept and forgotten like any other."""
    driven = ready(V311, max_packet_bytes=LIMIT)
    driven.raw(giant(2, 2))
    assert names(driven.feed(Pubrel(2))) == ["PUBCOMP 2"]
    assert driven.told(Received) == [Received([2])]


def test_a_giant_under_an_identifier_in_use() -> None:
    """The older message is detached; each line goes on."""
    driven = ready(V311, max_packet_bytes=LIMIT)
    driven.feed(incoming(1))
    assert names(driven.raw(giant(1, 1))) == ["PUBACK 1"]
    assert driven.ack(*driven.deliveries) == []


def test_another_message_under_the_identifier_of_a_waiting_giant() -> None:
    """Whatever the broker does with identifiers, the line moves on."""
    driven = ready(V311, max_packet_bytes=LIMIT)
    driven.feed(incoming(1))
    driven.raw(giant(2, 1))
    driven.feed(incoming(2, 1, b"other"))
    first, other = driven.deliveries
    assert names(driven.ack(first)) == ["PUBACK 1"]
    assert names(driven.ack(other)) == ["PUBACK 2"]
