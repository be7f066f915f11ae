"""The books of an ingest run balance at every moment."""

from __future__ import annotations

from dataclasses import astuple

from hypothesis import given
from hypothesis import strategies as st

from holdfast.ingest.ledger import IngestLedger, total
from holdfast.ingest.sink import Written

COUNT = st.integers(0, 500)


@given(COUNT, st.lists(st.tuples(st.builds(Written, COUNT, COUNT, COUNT), COUNT, st.booleans())))
def test_received_is_the_sum_of_the_rest(found: int, batches: list[tuple[Written, int, bool]]) -> None:
    """After every step, on the direct way and through the spool, with what an earlier run left there."""
    ledger = IngestLedger().found(found)
    for written, known, spools in batches:
        ledger = ledger.taken(written.count + known)
        assert_balanced(ledger)
        ledger = ledger.kept(written.count if spools else 0, known)
        assert_balanced(ledger)
        ledger = ledger.drained(written) if spools else ledger.settled(written)
        assert_balanced(ledger)
    assert (ledger.waiting, ledger.spooled) == (0, found)


def test_what_was_taken_waits_until_it_is_settled() -> None:
    """A batch in hand is waiting, not stored."""
    assert IngestLedger().taken(3) == IngestLedger(received=3, waiting=3)


def assert_balanced(ledger: IngestLedger) -> None:
    assert ledger.received == sum(astuple(ledger)[1:])


def test_the_books_of_several_are_one() -> None:
    """Place by place; of none it is empty."""
    one = IngestLedger(received=15, stored=1, repeated=2, quarantined=3, waiting=4, spooled=5)
    assert total([one, one]) == IngestLedger(30, 2, 4, 6, 8, 10)
    assert total([]) == IngestLedger()
