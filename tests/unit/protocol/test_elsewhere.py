"""Sessions with two groups of brokers, and one state of the client for each (contract 3)."""

from __future__ import annotations

from holdfast.codec import Puback, Pubcomp, Pubrec, Version
from holdfast.protocol import (
    Anomaly,
    BrokerChanged,
    Completed,
    EpochBegan,
    Failed,
    GroupEntered,
    Restored,
    SessionLost,
    Settled,
)
from tests.support.driven import Driven, names, row, sent
from tests.unit.protocol.groups import BOTH, at_a, go


def in_every_stage(driven: Driven) -> None:
    """Rows of QoS 2: 1 completed, 2 released, 3 sent, 4 on its way to it, 5 waiting; the link is lost."""
    driven.publish(*(row(seq, 2) for seq in (1, 2, 3)))
    driven.feed(Pubrec(1), Pubrec(2), Pubcomp(1))
    driven.durable = False
    driven.publish(row(4, 2))
    driven.lost()
    driven.durable = True
    driven.publish(row(5, 2))


# -- what we send ----------------------------------------------------------------------------


@BOTH
def test_what_was_in_flight_goes_out_in_its_order(version: Version) -> None:
    """Under new identifiers, without DUP, before what is new; told, and QoS 2 as uncertain (contract 6)."""
    driven = at_a(version)
    in_every_stage(driven)
    left = sent(driven.up(False, group="B"))
    assert [(one.payload, one.dup) for one in left] == [(b"%d" % seq, False) for seq in (2, 3, 4, 5)]
    (told,) = driven.told(BrokerChanged)
    assert (told.group, told.resent, told.kept) == ("B", 3, True)
    assert [(one.seq, one.uncertain) for one in told.uncertain] == [(2, True), (3, True), (4, True)]


@BOTH
def test_back_again_each_exchange_is_completed(version: Version) -> None:
    """By PUBREL, never by PUBLISH; it is over then, for the broker and for us, and no row ends by it."""
    driven = at_a(version)
    in_every_stage(driven)
    there = sent(driven.up(False, group="B"))
    driven.feed(*(Pubrec(one.packet_id) for one in there), *(Pubcomp(one.packet_id) for one in there))
    driven.records.clear()
    assert go(driven, "A") == ["PUBREL 2", "PUBREL 3"]
    assert names(driven.feed(Pubcomp(2), Pubcomp(3))) == []
    assert (driven.told(Completed), driven.told(Settled)) == ([Completed([2]), Completed([3])], [])
    assert go(driven, "A") == []


def test_the_record_says_what_stays_behind() -> None:
    """QoS 1 apart from QoS 2, which are in the order of their PUBRELs; not what never left, nor QoS 0."""
    driven = at_a()
    driven.publish(row(1, 2), row(2), row(3, 2), row(4, 2))
    driven.feed(Pubrec(4), Pubrec(1))
    driven.durable = False
    driven.publish(row(5), row(6, 0))
    driven.lost()
    driven.durable = True
    driven.up(False, group="B")
    assert driven.told(GroupEntered) == [GroupEntered("B", [2], [4, 1, 3])]


def test_the_other_session_waits_for_the_record() -> None:
    """A PUBREL that leaves before it is durable would be for a row in flight, after a crash (contract 5)."""
    driven = at_a()
    driven.publish(row(1, 2))
    go(driven, "B", False)
    driven.feed(Pubrec(2), Pubcomp(2))
    driven.durable = False
    assert go(driven, "A") == []
    assert names(driven.commit()) == ["PUBREL 1"]


def test_nothing_moves_before_connack() -> None:
    """A broker that refuses us, or is not there, has cost nothing: the session goes on where it was."""
    driven = at_a()
    driven.publish(row(1, 2))
    driven.lost()
    driven.connect(group="B")
    driven.lost()
    (again,) = sent(driven.up(True, group="A"))
    assert (again.packet_id, again.dup, driven.told(BrokerChanged)) == (1, True, [])


def test_what_ended_links_there_is_not_suspected_here() -> None:
    """Two ends behind one message make it suspect (contract 10); with other brokers it has ended none."""
    driven = at_a()
    driven.publish(row(1))
    driven.lost()
    assert go(driven, "A") == ["PUBLISH 1"]
    assert go(driven, "B", False) == ["PUBLISH 2"]


def test_a_pubrec_that_comes_again_is_answered() -> None:
    """The row that had this identifier may be anywhere by then, and is not touched."""
    driven = at_a()
    driven.publish(row(1, 2))
    assert go(driven, "B", False) == ["PUBLISH 2"]
    assert go(driven, "A") == ["PUBREL 1", "PUBLISH 3"]
    assert names(driven.feed(Pubrec(1), Pubrec(1))) == ["PUBREL 1", "PUBREL 1"]
    driven.feed(Pubcomp(1, 0x92))
    assert names(driven.feed(Pubrec(3))) == ["PUBREL 3"]
    driven.feed(Pubcomp(3))
    assert driven.endings() == [([1], "acknowledged")]


def test_a_puback_that_comes_late_ends_nothing() -> None:
    """For the time of one connection nobody else gets its identifier, then it is free."""
    driven = at_a()
    driven.publish(row(1))
    go(driven, "B", False)
    driven.feed(Puback(2))
    go(driven, "A")
    driven.session._sender._ids._last = 0
    assert names(driven.publish(row(2))) == ["PUBLISH 2"]
    driven.feed(Puback(1))
    assert [one.kind for one in driven.told(Anomaly)] == ["acknowledgement for an unknown packet identifier"]
    driven.feed(Puback(2))
    driven.again()
    driven.session._sender._ids._last = 0
    assert names(driven.publish(row(3))) == ["PUBLISH 1"]


def test_an_identifier_that_waits_for_its_pubcomp_is_in_use() -> None:
    """And counts against the window, as the broker counts it (contract X15)."""
    driven = at_a()
    driven.publish(row(1, 2), row(2, 2))
    go(driven, "B", False)
    driven.feed(Pubrec(3), Pubrec(4), Pubcomp(3), Pubcomp(4))
    go(driven, "A", receive_maximum=3)
    driven.session._sender._ids._last = 0
    assert driven.session.room() == 1
    assert names(driven.publish(row(3))) == ["PUBLISH 3"]
    driven.feed(Pubcomp(1))
    assert driven.session.room() == 1


def test_what_is_not_completed_waits_for_the_next_time() -> None:
    """Left again before PUBCOMP, it is a tombstone again, with those that came since behind it."""
    driven = at_a()
    driven.publish(row(1, 2))
    go(driven, "B", False)
    driven.feed(Pubrec(2), Pubcomp(2))
    assert go(driven, "A") == ["PUBREL 1"]
    driven.publish(row(2, 2))
    assert go(driven, "B") == ["PUBLISH 4"]
    assert go(driven, "A") == ["PUBREL 1", "PUBREL 3", "PUBLISH 5"]


def test_a_broker_that_has_forgotten_us_leaves_nothing_to_complete() -> None:
    """Its identifiers mean nothing any more; and the loss is told."""
    driven = at_a()
    driven.publish(row(1, 2))
    go(driven, "B", False)
    driven.feed(Pubrec(2), Pubcomp(2))
    assert go(driven, "A", False) == []
    assert driven.told(SessionLost) == [SessionLost(3, 0, [], True)]
    assert driven.session._sender._ids.used == set()


def test_each_session_has_an_epoch_of_its_own() -> None:
    """No two have the same, with whatever brokers: what is kept by epoch is kept apart (contract 3)."""
    driven = at_a()
    for group, present in (("B", False), ("A", False), ("A", False), ("B", True), ("B", False)):
        go(driven, group, present)
    assert driven.told(EpochBegan) == [EpochBegan(number) for number in (1, 2, 3, 4, 5)]


def test_a_session_that_was_never_ours_is_begun_anew() -> None:
    """With nothing known of it: somebody was there before us, or we without a memory (contract 1)."""
    driven = at_a()
    go(driven, "B", True)
    assert driven.told(EpochBegan) == [EpochBegan(1), EpochBegan(2)]
    assert driven.told(SessionLost) == []


def test_what_may_not_be_sent_twice_fails() -> None:
    """``on_session_lost="fail"``: it was in flight with brokers that we leave (contract 6)."""
    driven = Driven(restored=Restored(group="A"), group="A", resends=False)
    driven.up(False)
    driven.publish(row(1, 2), row(2))
    assert go(driven, "B", False) == ["PUBLISH 3"]
    assert [(one.row.seq, one.reason) for one in driven.told(Failed)] == [(1, 0)]
    assert driven.told(BrokerChanged)[0].resent == 1


def test_a_withheld_identifier_is_withheld_where_it_was() -> None:
    """Until that session ends (contract 10); the other broker has never heard of it."""
    driven = at_a()
    driven.publish(row(1))
    driven.lost()
    driven.up(True, {"maximum_packet_size": 5}, group="A")
    driven.lost()
    driven.up(False, group="B")
    assert driven.session._sender._ids.used == set()
    driven.lost()
    driven.up(True, group="A")
    assert driven.session._sender._ids.used == {1}
