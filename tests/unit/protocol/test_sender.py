"""The sending half of a session on one connection: QoS 0, 1 and 2 to the broker (contract 5 to 10)."""

from __future__ import annotations

from typing import Any

import pytest

from holdfast.codec import V5, V311, Connack, Puback, Pubcomp, Pubrec, Pubrel, Version
from holdfast.messages import Outgoing, QoS
from holdfast.protocol import Anomaly, Assigned, Closed, Failed, LinkState, Released, Settled, Stripped
from tests.support.driven import Driven, names, ready, row, sent

BOTH = pytest.mark.parametrize("version", [V311, V5])
SMALL: dict[str, Any] = {"maximum_packet_size": 20}


def ids(driven: Driven, *rows: Outgoing) -> list[int]:
    return [packet.packet_id for packet in sent(driven.publish(*rows))]


# -- first sends ------------------------------------------------------------------------------


@BOTH
def test_rows_leave_in_order_as_they_are(version: Version) -> None:
    """Topic, payload, QoS and retain go out unchanged, DUP 0, in the order given (contract 8)."""
    driven = ready(version)
    left = sent(driven.publish(row(1, 0, retain=True), row(2, 1, topic="a"), row(3, 2)))
    assert [(one.topic, one.payload, one.qos, one.retain, one.dup, one.packet_id) for one in left] == [
        ("t", b"1", 0, True, False, 0),
        ("a", b"2", 1, False, False, 1),
        ("t", b"3", 2, False, False, 2),
    ]


def test_one_record_for_a_group() -> None:
    """The identifiers of a group are written down together (contract 5)."""
    driven = ready()
    rows = [row(1), row(2, 0), row(3, 2)]
    driven.publish(*rows)
    assert driven.told(Assigned) == [Assigned([(1, rows[0]), (2, rows[2])])]


@BOTH
def test_qos_0_is_sent_when_it_left(version: Version) -> None:
    """A QoS 0 row ends when it was handed over whole, and needs no identifier (contract 7)."""
    driven = ready(version)
    driven.publish(row(1, 0), row(2, 0))
    assert driven.endings() == [([1, 2], "sent")]
    assert driven.told(Assigned) == []


def test_3_1_1_keeps_few_qos_2_messages_open() -> None:
    """3.1.1 announces no Receive Maximum, and mosquitto hangs up on the 21st open QoS 2 message: 20 at most.

    They keep their place: a QoS 1 row behind them waits too (contract 8). MQTT 5 has its window.
    """
    rows = [row(seq, 2) for seq in range(1, 26)]
    assert len(ready(V5).publish(*rows)) == 25
    driven = ready(V311)
    assert ids(driven, *rows, row(26, 1)) == list(range(1, 21))
    assert len(driven.feed(Pubrec(1), Pubrec(2))) == 2  # released ones are open still
    assert len(sent(driven.feed(Pubcomp(1)))) == 1
    driven.feed(*map(Pubrec, (3, 4, 5, 6)))
    last = sent(driven.feed(*map(Pubcomp, (2, 3, 4, 5, 6))))
    assert [one.payload for one in last] == [b"22", b"23", b"24", b"25", b"26"]


def test_3_1_1_leaves_properties_out_and_says_so_once() -> None:
    """What MQTT 3.1.1 cannot carry is left out where asked for, told once a connection (contract 4)."""
    for version, told in ((V311, [Stripped("t")]), (V5, [])):
        driven = Driven(version)
        driven.up(strip_properties=True)
        left = sent(
            driven.publish(row(1, properties={"content_type": "x"}), row(2, properties={"content_type": "x"}))
        )
        assert [dict(one.properties) for one in left] == [{} if told else {"content_type": "x"}] * 2
        assert driven.told(Stripped) == told


def test_3_1_1_keeps_back_what_has_properties() -> None:
    """Not asked to leave them out: the row is refused here, unsent, and those behind it go on."""
    driven = ready(V311)
    (left,) = sent(driven.publish(row(1, properties={"content_type": "x"}), row(2)))
    assert left.payload == b"2"
    (failed,) = driven.told(Failed)
    assert (failed.row.seq, failed.reason, failed.withheld, failed.unsent) == (1, 0x83, 0, True)
    assert "content_type" in failed.detail


def test_properties_leave_with_the_message() -> None:
    """User properties and content type as given; the seconds left as Message Expiry Interval."""
    driven = ready()
    driven.now = 10.0
    one = row(1, properties={"content_type": "x"}, expires_at=13.5)
    two = row(2, 2, properties={"content_type": "y"})
    left = sent(driven.publish(one, two))
    assert left[0].properties == {"content_type": "x", "message_expiry_interval": 4}
    assert left[1].properties == {"content_type": "y"}


def test_311_carries_neither_properties_nor_expiry() -> None:
    """3.1.1 has no place for them; an expired row ends here all the same."""
    driven = ready(V311)
    driven.now = 10.0
    assert sent(driven.publish(row(1, expires_at=13.5)))[0].properties == {}
    assert driven.publish(row(2, expires_at=9.0)) == []
    assert driven.endings() == [([2], "expired")]


def test_expired_before_sending() -> None:
    """Expiry acts on unsent rows: such a row ends as expired, and takes no place (contract 9)."""
    driven = ready(receive_maximum=1)
    assert ids(driven, row(1), row(2, expires_at=5.0), row(3)) == [1]
    driven.now = 5.0
    assert names(driven.feed(Puback(1))) == ["PUBLISH 2"]
    assert driven.endings()[-1] == ([2], "expired")


def test_refused_by_the_terms() -> None:
    """What the broker would not take fails with the reason code, and the rest goes on."""
    driven = ready(maximum_qos=1, retain_available=0, **SMALL)
    big = row(4, topic="t" * 20)
    left = driven.publish(row(1), row(2, 2), row(3, retain=True), big, row(5))
    assert names(left) == ["PUBLISH 1", "PUBLISH 2"]
    assert [(one.row.seq, one.reason, one.withheld) for one in driven.told(Failed)] == [
        (2, 0x9B, 0),
        (3, 0x9A, 0),
        (4, 0x95, 0),
    ]


# -- the window -------------------------------------------------------------------------------


def test_the_window_is_the_smaller_of_both() -> None:
    """Our own limit and the broker's Receive Maximum [MQTT-3.3.4-7]."""
    for inflight, maximum in ((2, 50), (50, 2)):
        driven = Driven(inflight=inflight)
        driven.up(False, {"receive_maximum": maximum})
        assert driven.session.room() == 2
        assert ids(driven, row(1), row(2), row(3)) == [1, 2]
        assert driven.session.room() == 0


def test_qos_0_passes_a_full_window_in_its_place() -> None:
    """Before a waiting QoS 1 row it goes, behind one it waits: a row keeps its place (contract 8)."""
    driven = ready(receive_maximum=1)
    assert [one.payload for one in sent(driven.publish(row(1), row(2, 0), row(3), row(4, 0)))] == [b"1", b"2"]
    assert [one.payload for one in sent(driven.feed(Puback(1)))] == [b"3", b"4"]


def test_a_released_message_keeps_its_place_in_the_window() -> None:
    """A QoS 2 message counts until PUBCOMP (§4.9)."""
    driven = ready(receive_maximum=1)
    driven.publish(row(1, 2), row(2, 2))
    assert names(driven.feed(Pubrec(1))) == ["PUBREL 1"]
    assert names(driven.feed(Pubcomp(1))) == ["PUBLISH 2"]


def test_311_sends_twenty_of_qos_2_at_a_time() -> None:
    """A broker that cannot announce its limit may hang up beyond it; QoS 1 is not held back by it."""
    driven = ready(V311)
    assert len(ids(driven, *(row(seq, 2) for seq in range(1, 31)))) == 20
    assert names(driven.feed(Pubrec(1))) == ["PUBREL 1"]
    assert names(driven.feed(Pubcomp(1))) == ["PUBLISH 21"]
    driven = ready(V311)
    assert len(ids(driven, *(row(seq, 1) for seq in range(1, 31)))) == 30
    assert len(ids(driven, row(31, 2), row(32, 1))) == 2


def test_without_a_connection_there_is_no_room() -> None:
    """Before CONNACK, and after the end, nothing is taken and nothing leaves."""
    driven = Driven()
    assert driven.session.room() == 0
    assert names(driven.connect()) == ["CONNECT"]
    assert driven.session.room() == 0
    assert driven.publish(row(1), row(2, 0)) == []
    assert names(driven.feed(Connack())) == ["PUBLISH 1", "PUBLISH"]
    driven.lost()
    assert driven.session.room() == 0


# -- endings ----------------------------------------------------------------------------------


@BOTH
def test_acknowledged(version: Version) -> None:
    """QoS 1 ends with PUBACK, QoS 2 with PUBCOMP; the identifier is free again."""
    driven = ready(version)
    driven.publish(row(1), row(2, 2))
    driven.feed(Puback(1))
    assert driven.endings() == [([1], "acknowledged")]
    assert names(driven.feed(Pubrec(2), Pubcomp(2))) == ["PUBREL 2"]
    assert driven.endings()[1:] == [([2], "acknowledged")]
    assert driven.session.room() == 1000


@pytest.mark.parametrize("reason", [0x00, 0x10])
def test_below_0x80_is_success(reason: int) -> None:
    """ "No matching subscribers" is an acknowledgement too (MQTT 5 §3.4.2.1)."""
    driven = ready()
    driven.publish(row(1), row(2, 2))
    assert names(driven.feed(Puback(1, reason), Pubrec(2, reason))) == ["PUBREL 2"]
    assert driven.endings() == [([1], "acknowledged")]


@pytest.mark.parametrize("qos", [1, 2])
def test_refused_by_the_broker(qos: QoS) -> None:
    """An error in PUBACK or PUBREC ends the row with code and sentence, and no PUBREL follows."""
    driven = ready()
    refused = row(1, qos, topic="a")
    driven.publish(refused)
    answer = Puback if qos == 1 else Pubrec
    assert driven.feed(answer(1, 0x97, {"reason_string": "quota"})) == []
    assert driven.told(Failed) == [Failed(refused, 0x97, "quota")]
    assert driven.session.room() == 1000


def test_pubcomp_0x92_ends_the_message_too() -> None:
    """The broker completed it before, and our deletion lagged behind (contract 5)."""
    driven = ready()
    driven.publish(row(1, 2))
    driven.feed(Pubrec(1), Pubcomp(1, 0x92))
    assert driven.endings() == [([1], "acknowledged")]


def test_a_second_pubrec_gets_a_second_pubrel() -> None:
    """PUBREC for a released message is answered again, and written down once."""
    driven = ready()
    driven.publish(row(1, 2))
    driven.feed(Pubrec(1))
    before = len(driven.records)
    assert names(driven.feed(Pubrec(1))) == ["PUBREL 1"]
    assert driven.records[before:] == []


@BOTH
def test_an_unknown_pubrec_is_released(version: Version) -> None:
    """PUBREC for what we do not know gets PUBREL, in 5 with 0x92 (contract 1), and is counted."""
    driven = ready(version)
    (answer,) = driven.feed(Pubrec(9))
    assert names([answer]) == ["PUBREL 9"]
    assert getattr(answer, "reason", None) == (0x92 if version == V5 else 0)
    assert driven.told(Anomaly) == [Anomaly("acknowledgement for an unknown packet identifier", 9)]


def test_an_unknown_pubrec_with_an_error_is_over() -> None:
    """A refusal ends the exchange on both sides: no PUBREL belongs to it."""
    driven = ready()
    assert driven.feed(Pubrec(9, 0x97)) == []


def test_a_run_of_pubrecs_is_one_record() -> None:
    """Released together, PUBREL in their order; one we do not know keeps its place between them."""
    driven = ready()
    driven.publish(row(1, 2), row(2, 2), row(3, 2))
    left = driven.feed(Pubrec(1), Pubrec(2), Pubrec(9), Pubrec(3))
    assert names(left) == ["PUBREL 1", "PUBREL 2", "PUBREL 9", "PUBREL 3"]
    assert driven.told(Released) == [Released([1, 2]), Released([3])]
    driven.feed(Pubcomp(1), Pubcomp(2), Pubcomp(3))
    assert driven.endings() == [([1, 2, 3], "acknowledged")]


def test_a_run_of_pubacks_with_one_unknown() -> None:
    """The others end together, and the unknown one is counted."""
    driven = ready()
    driven.publish(row(1), row(2))
    driven.feed(Puback(1), Puback(9), Puback(2))
    assert driven.endings() == [([1, 2], "acknowledged")]
    assert [one.packet_id for one in driven.told(Anomaly)] == [9]


def test_a_run_that_breaks_a_rule_counts_up_to_there() -> None:
    """What a run had ended before its wrong kind of acknowledgement has ended, and is told (contract 7)."""
    driven = ready()
    driven.publish(row(1), row(2, 2), row(3))
    driven.feed(Puback(1), Puback(2), Puback(3))
    assert driven.endings() == [([1], "acknowledged")]
    assert driven.session.link is LinkState.CLOSING
    assert [one.packet_id for one in sent(driven.again())] == [2, 3]


def test_unknown_puback_and_pubcomp_are_counted() -> None:
    """Odd, but nothing to end a connection for."""
    driven = ready()
    assert driven.feed(Puback(9), Pubcomp(8)) == []
    assert [one.packet_id for one in driven.told(Anomaly)] == [9, 8]
    assert driven.session.link is LinkState.UP


@pytest.mark.parametrize("resumed", [False, True])
@pytest.mark.parametrize(("qos", "answer"), [(1, Pubrec(1)), (2, Puback(1))])
def test_the_wrong_kind_of_acknowledgement(qos: QoS, answer: Puback | Pubrec, resumed: bool) -> None:
    """PUBACK for QoS 2 and PUBREC for QoS 1 break the protocol; the row stays in flight."""
    driven = Driven()
    driven.up()
    driven.publish(row(1, qos), row(2, qos))
    if resumed:
        driven.again(True, {"receive_maximum": 1})
        if qos == 1:  # what is resent may be mistaken for an older exchange: see below
            driven.feed(Puback(1), Puback(2))
            driven.publish(row(3), row(4))
            answer = Pubrec(3)
        else:  # the second row waits for the window, and so for its resend
            answer = Puback(2)
    before = driven.told(Settled)
    driven.feed(answer)
    assert driven.told(Settled) == before
    assert driven.told(Closed)[0].reason == 0x82
    assert len(sent(driven.again())) == 2


@BOTH
@pytest.mark.parametrize("packet_id", [1, 2], ids=["resent", "waiting for its resend"])
def test_a_pubrec_left_over_from_a_rollback(version: Version, packet_id: int) -> None:
    """A broker that came back as it once was repeats it at each redial: no end of the link (contract 1)."""
    driven = Driven(version, inflight=2)
    driven.up()
    driven.publish(row(1), row(2))
    driven.again(True, {"receive_maximum": 1} if version == V5 else {})
    expected = Pubrel(packet_id, 0x92 if version == V5 else 0)
    assert driven.feed(Pubrec(packet_id)) == [expected]
    assert driven.told(Anomaly) == [Anomaly("pubrec for a packet identifier now used at QoS 1", packet_id)]
    assert driven.told(Closed) == []
    assert driven.told(Settled) == []
    assert [one.packet_id for one in sent(driven.again())] == [1, 2]


def test_a_refusing_pubrec_left_over_from_a_rollback() -> None:
    """It refuses another exchange: no PUBREL belongs to it, and the row stays in flight."""
    driven = ready()
    driven.publish(row(1))
    driven.again()
    assert driven.feed(Pubrec(1, 0x97)) == []
    assert driven.told(Failed) == []
    driven.feed(Puback(1))
    assert driven.endings() == [([1], "acknowledged")]
