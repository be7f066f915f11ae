"""The journal: records in drain order, numbered, and what bytes must wait for (contract 5)."""

from __future__ import annotations

from holdfast.protocol.journal import Journal
from holdfast.protocol.records import Failed, Forgotten, Released, Settled
from tests.support.driven import row


def test_a_gating_record_raises_the_gate() -> None:
    """Bytes queued after it wait for its number; an ending does only where others overtake the row."""
    journal = Journal()
    journal.settle("acknowledged").append(row(1))
    assert (journal.serial, journal.gate) == (1, 0)
    journal.write(Released([1]))
    assert (journal.serial, journal.gate) == (2, 2)
    journal.fail(row(2), 0x97, "full")
    assert (journal.serial, journal.gate) == (3, 2)
    journal.fail(row(3), 0x95, "too large", withheld=9)
    assert (journal.serial, journal.gate) == (4, 4)
    journal.fail(row(4), 0x80, "it ends the link", kills=5)
    assert (journal.serial, journal.gate) == (5, 5)


def test_endings_of_one_kind_share_a_record() -> None:
    """One record per batch and ending, not one per message."""
    journal = Journal()
    one, two, three = row(1), row(2), row(3, 0)
    for acknowledged in (one, two):
        journal.settle("acknowledged").append(acknowledged)
    journal.settle("sent").append(three)
    assert journal.take() == [Settled([one, two], "acknowledged"), Settled([three], "sent")]
    assert journal.serial == 2


def test_an_ending_stays_behind_the_record_before_it() -> None:
    """What ended after a gating record does not slip into a record in front of it."""
    journal = Journal()
    one, two = row(1), row(2)
    journal.settle("acknowledged").append(one)
    journal.write(Forgotten([5]))
    journal.settle("acknowledged").append(two)
    assert journal.take() == [Settled([one], "acknowledged"), Forgotten([5]), Settled([two], "acknowledged")]


def test_what_was_drained_does_not_change_any_more() -> None:
    """After ``take`` a new record begins, and numbers go on."""
    journal = Journal()
    one, two = row(1, 0), row(2, 0)
    journal.settle("sent").append(one)
    first = journal.take()
    journal.settle("sent").append(two)
    assert first == [Settled([one], "sent")]
    assert journal.take() == [Settled([two], "sent")]
    assert journal.take() == []
    assert journal.serial == 2


def test_a_refusal_names_the_row() -> None:
    """Reason code, sentence, the identifier withheld and how often it ended the link (contract 10)."""
    journal = Journal()
    refused = row(4, topic="a/b")
    journal.fail(refused, 0x95, "too large", 9, kills=5)
    assert journal.take() == [Failed(refused, 0x95, "too large", 9, kills=5)]
