"""The books of several workers as one."""

from __future__ import annotations

from typing import Any

import pytest

from holdfast.cli.workers.books import Books
from holdfast.ingest import IngestLedger


def word(
    event: str = "progress",
    *,
    stored: int,
    waiting: int = 0,
    repeated: int = 0,
    spooled: int = 0,
    **more: Any,
) -> dict[str, Any]:
    return {
        "event": event,
        "received": stored + waiting + repeated + spooled,
        "stored": stored,
        "repeated": repeated,
        "quarantined": 0,
        "waiting": waiting,
        "spooled": spooled,
        **more,
    }


def test_the_last_word_of_each_counts() -> None:
    """One ledger, whose equation holds."""
    books = Books()
    for stored in (5, 10):
        books.begun(0) if stored == 5 else None
        books.told(0, word(stored=stored, waiting=2))
    books.begun(1)
    books.told(1, word("ledger", stored=7, repeated=1))
    assert books.ledger == IngestLedger(received=20, stored=17, repeated=1, waiting=2)


def test_what_waited_in_a_process_that_died_comes_again() -> None:
    """To the next one: it is not counted as received twice."""
    books = Books()
    books.begun(0)
    books.told(0, word(stored=10, waiting=3))
    books.ended(0, killed=True)
    books.begun(0)
    assert books.ledger == IngestLedger(received=10, stored=10)
    books.told(0, word(stored=3))
    assert books.ledger == IngestLedger(received=13, stored=13)


def test_what_a_process_spooled_is_the_next_ones() -> None:
    """It finds the file of the slot, and counts what is there as received: here it is in the books once."""
    books = Books()
    books.begun(0)
    books.told(0, word(stored=10, spooled=100))
    books.ended(0, killed=True)
    assert books.ledger == IngestLedger(received=110, stored=10, spooled=100)
    books.begun(0)
    books.told(0, word(stored=0, spooled=100))
    assert books.ledger == IngestLedger(received=110, stored=10, spooled=100)
    books.told(0, word("ledger", stored=100))
    assert books.ledger == IngestLedger(received=110, stored=110)


def test_what_waits_at_the_end_is_told() -> None:
    """While nobody takes the place of the last process."""
    books = Books()
    books.begun(0)
    books.told(0, word("ledger", stored=1, waiting=3))
    books.ended(0, killed=True)
    assert books.ledger.waiting == 3


@pytest.mark.parametrize(
    ("said", "killed", "torn"),
    [
        (word(stored=1), True, 1),
        (word(stored=1), False, 1),
        (word("ledger", stored=1), True, 0),
        (None, True, 1),
        (None, False, 0),
    ],
)
def test_who_is_cut_off_is_counted(said: dict[str, Any] | None, killed: bool, torn: int) -> None:
    """What it did since its last word is not known, or since its start: a second is long for a worker."""
    books = Books()
    books.begun(0)
    if said is not None:
        books.told(0, said)
    books.ended(0, killed)
    assert books.torn == torn


def test_progress_is_that_of_all() -> None:
    """Rates are added, workers whose link is up are counted; a process that ended has neither."""
    books = Books()
    for number in range(4):
        books.begun(number)
        books.told(number, word(stored=10, rate=5, link_up_s=None if number == 1 else 3.0))
    books.ended(2, killed=True)
    assert books.progress(3) == {
        "event": "progress", "rate": 15, "received": 40, "stored": 40, "repeated": 0, "quarantined": 0,
        "spooled": 0, "waiting": 0, "workers": 3, "up": 1,
    }  # fmt: skip
