"""The books of an ingest run balance at every moment."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from holdfast.ingest.ledger import IngestLedger, total
from holdfast.ingest.sink import Written

COUNT = st.integers(0, 500)


@given(st.lists(st.builds(Written, COUNT, COUNT, COUNT)))
def test_received_is_the_sum_of_the_rest(batches: list[Written]) -> None:
    """After every step: received == stored + repeated + quarantined + waiting."""
    ledger = IngestLedger()
    for written in batches:
        ledger = ledger.taken(written.stored + written.repeated + written.quarantined)
        assert_balanced(ledger)
        ledger = ledger.settled(written)
        assert_balanced(ledger)
    assert ledger.waiting == 0


def test_what_was_taken_waits_until_it_is_settled() -> None:
    """A batch in hand is waiting, not stored."""
    assert IngestLedger().taken(3) == IngestLedger(received=3, waiting=3)


def assert_balanced(ledger: IngestLedger) -> None:
    assert ledger.received == ledger.stored + ledger.repeated + ledger.quarantined + ledger.waiting


def test_the_books_of_several_are_one() -> None:
    """Place by place; of none it is empty."""
    one = IngestLedger(received=10, stored=1, repeated=2, quarantined=3, waiting=4)
    assert total([one, one]) == IngestLedger(20, 2, 4, 6, 8)
    assert total([]) == IngestLedger()
