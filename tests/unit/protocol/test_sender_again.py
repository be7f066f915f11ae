"""The sending half of a session over connections, sessions and processes (contract 5, 6, 9, 10)."""

from __future__ import annotations

from typing import Any

import pytest

from holdfast.codec import (
    V5,
    V311,
    Connack,
    Decoder,
    Packet,
    Puback,
    Pubcomp,
    Publish,
    Pubrec,
    Version,
    encode,
)
from holdfast.messages import Outgoing, QoS
from holdfast.protocol import Failed, Restored, SessionLost, Settled
from tests.support.driven import Driven, names, ready, row, sent

BOTH = pytest.mark.parametrize("version", [V311, V5])
SMALL: dict[str, Any] = {"maximum_packet_size": 20}


def ids(driven: Driven, *rows: Outgoing) -> list[int]:
    return [packet.packet_id for packet in sent(driven.publish(*rows))]


def around(driven: Driven, first: int) -> list[Publish]:
    """A thousand messages, sent and acknowledged."""
    left = sent(driven.publish(*(row(seq) for seq in range(first, first + 1000))))
    driven.feed(*(Puback(packet.packet_id) for packet in left))
    return left


# -- the connection lost ----------------------------------------------------------------------


@BOTH
def test_a_resumed_session_goes_on_where_it_was(version: Version) -> None:
    """PUBREL again for what was released, PUBLISH again with DUP for the rest, then what is new."""
    driven = ready(version)
    driven.publish(row(1), row(2, 2), row(3, 2))
    driven.feed(Pubrec(2))
    driven.lost()
    driven.publish(row(4))
    left = driven.up(True)
    assert names(left) == ["PUBREL 2", "PUBLISH 1", "PUBLISH 3", "PUBLISH 4"]
    assert [one.dup for one in sent(left)] == [True, True, False]


def test_resends_keep_the_window() -> None:
    """The new connection's Receive Maximum counts for resends too [MQTT-3.3.4-7]."""
    driven = ready()
    driven.publish(row(1), row(2), row(3, 2), row(4, 0))
    assert names(driven.again(True, {"receive_maximum": 1})) == ["PUBLISH 1"]
    driven.publish(row(5, 0))
    assert names(driven.feed(Puback(1))) == ["PUBLISH 2"]
    assert names(driven.feed(Puback(2))) == ["PUBLISH 3", "PUBLISH"]


def test_dup_only_on_what_has_left() -> None:
    """Rows whose bytes never left go out without DUP, under the identifier they have [MQTT-3.3.1-1]."""
    driven = ready()
    driven.publish(row(1))
    driven.durable = False
    driven.publish(row(2))
    driven.lost()
    driven.durable = True
    left = sent(driven.up(True))
    assert [(one.packet_id, one.dup) for one in left] == [(1, True), (2, False)]


def test_a_resend_that_never_left_is_still_a_resend() -> None:
    """DUP belongs to the message, however many connections it waits for."""
    driven = ready()
    driven.publish(row(1))
    driven.lost()
    driven.connect()
    driven.session.receive(encode(Connack(True), V5), driven.now)  # nothing is written before the end
    assert [(one.packet_id, one.dup) for one in sent(driven.again())] == [(1, True)]


@BOTH
def test_qos_0_that_never_left_is_not_lost(version: Version) -> None:
    """Such a row keeps its place among the others; what left is over (contract 8)."""
    driven = ready(version)
    driven.publish(row(1, 0))
    driven.durable = False
    driven.publish(row(2), row(3, 0), row(4))
    driven.lost()
    driven.durable = True
    assert driven.endings() == [([1], "sent")]
    assert [one.payload for one in sent(driven.up(True))] == [b"2", b"3", b"4"]
    assert driven.endings()[1:] == [([3], "sent")]


def test_resends_are_in_the_order_they_left() -> None:
    """[MQTT-4.6.0-1], whatever the sequence numbers say: those of another class may be lower."""
    driven = ready()
    driven.publish(row(5), row(2), row(6))
    driven.durable = False
    driven.publish(row(9), row(3))
    driven.lost()
    driven.durable = True
    assert [one.payload for one in sent(driven.up(True))] == [b"5", b"2", b"6", b"9", b"3"]


def test_qos_0_that_waits_for_the_next_connection_does_not_pass_connack() -> None:
    """Bytes from the broker before CONNACK was whole send nothing."""
    driven = ready()
    driven.durable = False
    driven.publish(row(1), row(2, 0))
    driven.lost()
    driven.durable = True
    assert names(driven.connect()) == ["CONNECT"]
    assert driven.raw(b"\x20") == []
    assert names(driven.raw(b"\x03\x01\x00\x00")) == ["PUBLISH 1", "PUBLISH"]


def test_qos_0_that_waited_may_have_expired() -> None:
    """It is unsent, so expiry acts on it (contract 9)."""
    driven = ready()
    driven.durable = False
    driven.publish(row(1), row(2, 0, expires_at=5.0))
    driven.lost()
    driven.durable = True
    driven.now = 6.0
    assert names(driven.up(True)) == ["PUBLISH 1"]
    assert driven.endings() == [([2], "expired")]


def test_expiry_does_not_act_on_what_has_left() -> None:
    """A resend goes out however old it is, with at least one second left (contract 9)."""
    driven = ready()
    driven.publish(row(1, expires_at=5.0))
    driven.now = 60.0
    (again,) = sent(driven.again())
    assert again.properties == {"message_expiry_interval": 1}
    assert driven.told(Settled) == []


@pytest.mark.parametrize("qos", [1, 2])
def test_an_answer_may_overtake_the_resend(qos: QoS) -> None:
    """What the broker acknowledges before we sent it again is not sent again."""
    driven = ready()
    driven.publish(row(1), row(2), row(3, qos))
    driven.again(True, {"receive_maximum": 1})
    driven.feed(Puback(3) if qos == 1 else Pubrec(3))
    left = driven.feed(Puback(1)) + driven.feed(Pubcomp(3)) + driven.feed(Puback(2))
    assert names(sent(left)) == ["PUBLISH 2"]


@pytest.mark.parametrize("qos", [1, 2])
def test_answered_while_the_resend_waits_for_a_commit(qos: QoS) -> None:
    """It does not leave any more [MQTT-4.3.3-6], and its identifier carries no DUP into the next use."""
    driven = ready()
    driven.publish(row(1, qos))
    driven.durable = False
    driven.publish(row(2))
    assert driven.again() == []
    driven.feed(Puback(1) if qos == 1 else Pubrec(1))
    assert [one.payload for one in sent(driven.commit())] == [b"2"]
    driven.lost()
    driven.durable = True
    assert [one.payload for one in sent(driven.up(False))] == ([b"2"] if qos == 1 else [b"1", b"2"])


@pytest.mark.parametrize("qos", [1, 2])
def test_answered_and_then_the_link_died(qos: QoS) -> None:
    """What ended while its resend waited is not a resend to come."""
    driven = ready()
    driven.publish(row(1, qos))
    driven.durable = False
    driven.publish(row(2))
    driven.again()
    driven.feed(Puback(1) if qos == 1 else Pubrec(1))
    driven.lost()
    driven.durable = True
    left = driven.up(True)
    assert [one.payload for one in sent(left)] == [b"2"]
    assert names(left)[:-1] == (["PUBREL 1"] if qos == 2 else [])
    driven.feed(Pubcomp(1), Puback(2))
    used = [packet for seq in range(3, 70) for packet in around(driven, seq * 1000)]
    assert [packet.dup for packet in used if packet.packet_id == 1] == [False]


def test_acknowledgements_after_the_end_mean_nothing() -> None:
    """On a connection that is closing they are ignored; the next connection asks again."""
    driven = ready()
    driven.publish(row(1))
    driven.session.disconnect(driven.now)
    driven.feed(Puback(1))
    assert driven.told(Settled) == []
    assert names(sent(driven.again())) == ["PUBLISH 1"]


# -- the session lost -------------------------------------------------------------------------


@BOTH
def test_a_new_session_gets_everything_as_new(version: Version) -> None:
    """New identifiers, DUP 0, oldest first; what is QoS 2 is named as uncertain (contract 6)."""
    driven = ready(version)
    rows = [row(1), row(2, 2), row(3, 2), row(4)]
    driven.publish(*rows)
    driven.feed(Pubrec(2))
    driven.lost()
    driven.publish(row(5))
    left = sent(driven.up(False))
    assert [(one.payload, one.packet_id, one.dup) for one in left] == [
        (b"%d" % seq, 4 + seq, False) for seq in (1, 2, 3, 4, 5)
    ]
    assert driven.told(SessionLost) == [SessionLost(2, 4, rows[1:3], True)]
    assert [one.seq for one in rows if one.uncertain] == [2, 3]


@BOTH
def test_a_new_session_may_fail_what_is_uncertain(version: Version) -> None:
    """Not to be sent again: QoS 2 in flight ends here with reason 0, QoS 1 goes out as new (contract 6)."""
    driven = Driven(version, resends=False)
    driven.up()
    rows = [row(1), row(2, 2), row(3, 2), row(4)]
    driven.publish(*rows)
    driven.feed(Pubrec(2))
    assert [one.payload for one in sent(driven.again(False))] == [b"1", b"4"]
    assert sorted((one.row.seq, one.reason) for one in driven.told(Failed)) == [(2, 0), (3, 0)]
    assert driven.told(SessionLost) == [SessionLost(2, 2, rows[1:3], True)]


@BOTH
def test_what_is_sent_again_keeps_the_order_of_sending(version: Version) -> None:
    """A row of a higher class that went first goes first again, whatever its number [MQTT-4.6.0-1]."""
    driven = ready(version)
    driven.publish(row(9), row(3), row(5, 2))
    assert [one.payload for one in sent(driven.again())] == [b"9", b"3", b"5"]
    driven.now += 20  # the link lived: no message is suspected of ending it
    driven.lost()
    assert [one.payload for one in sent(driven.up(True))] == [b"9", b"3", b"5"]


def test_a_late_answer_of_the_old_session_is_unknown() -> None:
    """An identifier of the lost session does not end a message of the new one."""
    driven = ready()
    driven.publish(row(1))
    driven.again(False)
    driven.feed(Puback(1))
    assert driven.told(Settled) == []


def test_large_resends_are_handed_out_in_pieces() -> None:
    """A window of large messages is not one write; none is skipped, and their order is kept."""
    driven = ready()
    rows = [Outgoing(seq, "t", bytes(64 * 1024), 1) for seq in range(1, 41)]
    driven.publish(*rows)
    driven.lost()
    driven.connect()
    driven.session.receive(encode(Connack(True), V5), driven.now)
    driven.session.take()
    pieces = list(iter(lambda: driven.session.send(driven.now), b""))
    assert max(map(len, pieces)) < 1 << 20
    packets: list[Packet] = []
    Decoder(V5).feed(b"".join(pieces), packets)
    assert [one.packet_id for one in sent(packets)] == list(range(1, 41))


# -- restored ---------------------------------------------------------------------------------


@BOTH
def test_a_restored_session_goes_on(version: Version) -> None:
    """Sent rows go out with DUP, released ones only as PUBREL; identifiers in use stay taken."""
    restored = Restored(3, [(1, row(1)), (3, row(3, 2))], [(2, row(2, 2))], [], [4])
    driven = Driven(version, restored=restored)
    left = driven.up(True)
    assert names(left) == ["PUBREL 2", "PUBLISH 1", "PUBLISH 3"]
    assert all(one.dup for one in sent(left))
    assert ids(driven, row(5)) == [5]


# -- withheld ---------------------------------------------------------------------------------


def test_in_flight_and_now_forbidden() -> None:
    """It is not sent again; its identifier stays withheld until the session ends (contract 10)."""
    driven = ready()
    driven.publish(row(1, topic="t" * 20), row(2, 2), row(3))
    left = driven.again(True, {"maximum_qos": 1, **SMALL})
    assert names(left) == ["PUBLISH 3"]
    assert [(one.row.seq, one.reason, one.withheld) for one in driven.told(Failed)] == [
        (1, 0x95, 1),
        (2, 0x9B, 2),
    ]
    driven.feed(Puback(3))
    used = [packet.packet_id for seq in range(4, 70) for packet in around(driven, seq * 1000)]
    assert set(used) == set(range(3, 65_536))


def test_a_released_message_goes_on_under_any_terms() -> None:
    """What is past PUBREC needs PUBREL only (contract 10)."""
    driven = ready()
    driven.publish(row(1, 2, topic="t" * 20))
    driven.feed(Pubrec(1))
    assert names(driven.again(True, {"maximum_qos": 1, **SMALL})) == ["PUBREL 1"]
    driven.feed(Pubcomp(1))
    assert driven.endings() == [([1], "acknowledged")]


def test_what_has_not_ended_is_known() -> None:
    """Sent, released, to be proven and pending: whoever goes on without this session asks for them."""
    driven = ready()
    driven.publish(row(1), row(2, 2), row(3), row(4, 2))
    driven.feed(Pubrec(2), Puback(3))
    assert [one.seq for one in driven.session.unended()] == [1, 4, 2]
    driven.lost()
    driven.publish(row(5))
    assert sorted(one.seq for one in driven.session.unended()) == [1, 2, 4, 5]
