"""The receiving half of a session: delivered, handled, acknowledged (contract 5, 13, 14)."""

from __future__ import annotations

from typing import Any

import pytest

from holdfast.codec import V5, V311, Publish, Pubrel, Version
from holdfast.messages import QoS
from holdfast.protocol import Anomaly, Forgotten, Received, Restored
from tests.support.driven import Driven, incoming, names

BOTH = pytest.mark.parametrize("version", [V311, V5])
EACH_QOS = pytest.mark.parametrize("qos", [1, 2])
ANSWER = {1: "PUBACK", 2: "PUBREC"}


def ready(version: Version = V5, restored: Restored | None = None, **request: Any) -> Driven:
    driven = Driven(version, restored=restored, **request)
    driven.up(restored is not None)
    return driven


def again(packet: Publish) -> Publish:
    """The same message, sent anew by the broker."""
    return Publish(packet.topic, packet.payload, packet.qos, packet.retain, True, packet.packet_id)


# -- delivery and acknowledgement ---------------------------------------------------------------


@BOTH
def test_qos_0_is_delivered_and_never_acknowledged(version: Version) -> None:
    """Handing it back as handled does nothing."""
    driven = ready(version)
    driven.feed(Publish("a", b"x"))
    assert driven.payloads() == [b"x"]
    assert driven.ack(*driven.deliveries) == []


@BOTH
@EACH_QOS
def test_processed_then_acknowledged(version: Version, qos: QoS) -> None:
    """PUBACK or PUBREC leaves when the handler has finished, not before (promise 5)."""
    driven = ready(version)
    assert driven.feed(incoming(7, qos)) == []
    assert names(driven.ack(*driven.deliveries)) == [f"{ANSWER[qos]} 7"]


@BOTH
@EACH_QOS
def test_acknowledgements_leave_in_wire_order(version: Version, qos: QoS) -> None:
    """Handlers finish in any order [MQTT-4.6.0-2, 4.6.0-3]."""
    driven = ready(version)
    driven.feed(*(incoming(packet_id, qos) for packet_id in (5, 3, 9)))
    first, second, third = driven.deliveries
    assert driven.ack(third) == []
    assert names(driven.ack(first)) == [f"{ANSWER[qos]} 5"]
    assert names(driven.ack(second)) == [f"{ANSWER[qos]} 3", f"{ANSWER[qos]} 9"]


def test_what_waits_can_be_seen() -> None:
    """By QoS, in wire order, until it is acknowledged; a lost connection has no lines."""
    driven = ready()
    driven.feed(incoming(5, 1), incoming(6, 2), incoming(7, 1))
    one, two, another = driven.deliveries
    assert driven.session.lines == ([one, another], [two])
    driven.ack(one)
    assert driven.session.lines == ([another], [two])
    driven.session.lost(driven.now)
    assert driven.session.lines == ([], [])


def test_each_qos_has_its_own_line() -> None:
    """A slow QoS 2 handler does not hold up QoS 1 (contract 13)."""
    driven = ready()
    driven.feed(incoming(1, 2), incoming(2, 1))
    assert names(driven.ack(driven.deliveries[1])) == ["PUBACK 2"]


@EACH_QOS
def test_acknowledging_twice_is_once(qos: QoS) -> None:
    """A delivery that was handled already has no second acknowledgement to give."""
    driven = ready()
    driven.feed(incoming(7, qos))
    driven.ack(*driven.deliveries)
    assert driven.ack(*driven.deliveries) == []


@BOTH
def test_qos_2_is_completed(version: Version) -> None:
    """PUBREL gets PUBCOMP, and the identifier may mean another message (§4.3.3)."""
    driven = ready(version)
    for payload in (b"one", b"two"):
        driven.feed(incoming(7, 2, payload))
        driven.ack(driven.deliveries[-1])
        assert names(driven.feed(Pubrel(7))) == ["PUBCOMP 7"]
    assert driven.payloads() == [b"one", b"two"]
    assert driven.told(Received) == [Received([7])] * 2
    assert driven.told(Forgotten) == [Forgotten([7])] * 2


@BOTH
def test_qos_2_between_pubrec_and_pubrel_is_known(version: Version) -> None:
    """Sent once more it gets PUBREC once more, and no second delivery [MQTT-4.3.3-10]."""
    driven = ready(version)
    driven.feed(incoming(7, 2))
    driven.ack(*driven.deliveries)
    assert names(driven.feed(incoming(7, 2, dup=True))) == ["PUBREC 7"]
    assert len(driven.deliveries) == 1
    assert driven.told(Received) == [Received([7])]


@BOTH
def test_an_unknown_pubrel_is_completed(version: Version) -> None:
    """PUBREL for what we do not know gets PUBCOMP, in 5 with 0x92 (contract 1)."""
    driven = ready(version)
    (answer,) = driven.feed(Pubrel(9))
    assert names([answer]) == ["PUBCOMP 9"]
    assert getattr(answer, "reason", None) == (0x92 if version == V5 else 0)


@BOTH
def test_a_run_of_pubrels_is_one_record(version: Version) -> None:
    """Forgotten together and completed together; an unknown one between them keeps its place."""
    driven = ready(version)
    driven.feed(*(incoming(packet_id, 2) for packet_id in (1, 2, 3)))
    driven.ack(*driven.deliveries)
    assert driven.told(Received) == [Received([1, 2, 3])]
    left = driven.feed(Pubrel(1), Pubrel(2), Pubrel(9), Pubrel(3))
    assert names(left) == ["PUBCOMP 1", "PUBCOMP 2", "PUBCOMP 9", "PUBCOMP 3"]
    assert driven.told(Forgotten) == [Forgotten([1, 2]), Forgotten([3])]


def test_a_pubrel_that_spells_out_success() -> None:
    """The reason code 0 may be written; it means what it means when left out (MQTT 5 §3.6.2.1)."""
    driven = ready()
    driven.feed(incoming(5, 2))
    driven.ack(*driven.deliveries)
    assert names(driven.raw(b"\x62\x03\x00\x05\x00")) == ["PUBCOMP 5"]
    assert driven.told(Forgotten) == [Forgotten([5])]


# -- the same message again ---------------------------------------------------------------------


@BOTH
@EACH_QOS
def test_a_redelivery_attaches_to_the_running_handler(version: Version, qos: QoS) -> None:
    """No second run; the acknowledgement leaves on the new connection, in its order (contract 14)."""
    driven = ready(version)
    one, two = incoming(1, qos, b"one"), incoming(2, qos, b"two")
    driven.feed(one, two)
    driven.again()
    driven.feed(again(two), again(one))
    assert driven.payloads() == [b"one", b"two"]
    assert driven.ack(driven.deliveries[0]) == []
    assert names(driven.ack(driven.deliveries[1])) == [f"{ANSWER[qos]} 2", f"{ANSWER[qos]} 1"]


@pytest.mark.parametrize("ending", ["lost", "closing", "connecting"])
@EACH_QOS
def test_handled_without_a_connection(qos: QoS, ending: str) -> None:
    """The acknowledgement waits for the message to come again, and then leaves at once (contract 14)."""
    driven = ready()
    driven.feed(incoming(1, qos))
    driven.session.disconnect(driven.now)
    if ending != "closing":
        driven.lost()
    if ending == "connecting":
        driven.connect()
    assert [packet for packet in driven.ack(*driven.deliveries) if names([packet]) != ["DISCONNECT"]] == []
    driven.again()
    assert names(driven.feed(incoming(1, qos, dup=True))) == [f"{ANSWER[qos]} 1"]
    assert len(driven.deliveries) == 1


def test_a_redelivery_on_the_same_connection_is_suppressed() -> None:
    """Some brokers send again after a while: counted, and answered once (contract 14)."""
    driven = ready()
    driven.feed(incoming(1))
    driven.feed(incoming(1, dup=True))
    assert driven.told(Anomaly) == [Anomaly("redelivery on the same connection", 1)]
    assert names(driven.ack(*driven.deliveries)) == ["PUBACK 1"]


def test_attached_and_then_sent_once_more() -> None:
    """A delivery that joined the line of this connection stands in it once."""
    driven = ready()
    driven.feed(incoming(1))
    driven.again()
    driven.feed(incoming(1, dup=True), incoming(1, dup=True))
    assert len(driven.told(Anomaly)) == 1
    assert names(driven.ack(*driven.deliveries)) == ["PUBACK 1"]


@pytest.mark.parametrize("resumed", [False, True])
@pytest.mark.parametrize(
    "other",
    [
        incoming(1, 1, b"other", dup=True),
        incoming(1, 1, b"m", topic="other", dup=True),
        incoming(1, 2, b"m", dup=True),
        incoming(1, 1, b"m"),
    ],
    ids=["payload", "topic", "qos", "no DUP"],
)
def test_another_message_under_the_same_identifier(other: Publish, resumed: bool) -> None:
    """The old delivery is detached: its acknowledgement means nothing any more (contract 14)."""
    driven = ready()
    driven.feed(incoming(1))
    if resumed:
        driven.again()
    driven.feed(other)
    old, new = driven.deliveries
    assert driven.told(Anomaly) == [Anomaly("another message under a packet identifier in use", 1)]
    assert driven.ack(old) == []
    assert names(driven.ack(new)) == [f"{ANSWER[other.qos]} 1"]


@EACH_QOS
def test_a_new_session_discards_old_acknowledgements(qos: QoS) -> None:
    """An identifier of the lost session does not acknowledge a message of the new one (contract 14)."""
    driven = ready()
    driven.feed(incoming(1, qos, b"old"))
    driven.again(False)
    driven.feed(incoming(1, qos, b"old", dup=True))
    assert driven.payloads() == [b"old", b"old"]
    assert driven.ack(driven.deliveries[0]) == []
    assert names(driven.ack(driven.deliveries[1])) == [f"{ANSWER[qos]} 1"]


def test_abandoned_messages_are_delivered_anew() -> None:
    """When nobody handles what was delivered, it starts over with the next connection."""
    driven = ready()
    driven.feed(incoming(1))
    driven.session.abandon()
    driven.again()
    driven.feed(incoming(1, dup=True))
    assert len(driven.deliveries) == 2
    assert driven.ack(driven.deliveries[0]) == []
    assert names(driven.ack(driven.deliveries[1])) == ["PUBACK 1"]


# -- QoS 2 over connections, sessions and processes -----------------------------------------------


def test_a_restored_identifier_is_known() -> None:
    """Exactly once over a restart: no delivery, PUBREC at once, PUBCOMP for PUBREL (contract 6)."""
    driven = ready(restored=Restored(1, received=[7]))
    assert names(driven.feed(incoming(7, 2, dup=True))) == ["PUBREC 7"]
    assert names(driven.feed(Pubrel(7))) == ["PUBCOMP 7"]
    assert driven.deliveries == []


def test_a_new_session_forgets_inbound_identifiers() -> None:
    """A stale one would swallow a message of the new session (contract 5)."""
    driven = ready(restored=Restored(1, received=[7]))
    driven.again(False)
    driven.feed(incoming(7, 2))
    assert len(driven.deliveries) == 1


# -- a broker that rolled back (X1) ----------------------------------------------------------------


@pytest.mark.parametrize("resumed", [False, True])
@pytest.mark.parametrize(
    "other", [incoming(7, 2, b"other", dup=True), incoming(7, 2)], ids=["payload", "no DUP"]
)
def test_another_message_under_an_unreleased_identifier(other: Publish, resumed: bool) -> None:
    """Between PUBREC and PUBREL too, another message is delivered, not swallowed (contract 14)."""
    driven = ready()
    driven.feed(incoming(7, 2))
    driven.ack(*driven.deliveries)
    if resumed:
        driven.again()
    assert driven.feed(other) == []
    assert driven.told(Anomaly) == [Anomaly("another message under a packet identifier in use", 7)]
    assert driven.told(Forgotten) == [Forgotten([7])]
    assert names(driven.ack(driven.deliveries[1])) == ["PUBREC 7"]
    assert names(driven.feed(Pubrel(7))) == ["PUBCOMP 7"]
    assert driven.told(Received) == [Received([7])] * 2
