"""What is kept of what came in, counted in memory."""

from __future__ import annotations

from holdfast.outbox.intake import Held
from holdfast.outbox.intake_books import IntakeBooks


def messages(*owners: str) -> list[Held]:
    return [Held(0, owner, "t", bytes(99)) for owner in owners]


def test_each_owner_has_its_own_count() -> None:
    """What the file had counts beside what comes; what left counts no more."""
    books = IntakeBooks([("a", 2, 600)])
    books.came(messages("a", "b", "b"))
    assert (books.count("a"), books.count("b"), books.count("c"), books.count(None)) == (3, 2, 0, 5)
    books.left([("a", 1, 300), ("b", 2, 600)])
    assert (books.count("a"), books.count("b"), books.count(None)) == (2, 0, 2)
    assert books.owners() == ["a"]


def test_the_budget_is_of_all_owners() -> None:
    """Up to the last byte; where nothing is, a group of any size fits, as it could never be kept else."""
    books = IntakeBooks()
    assert books.fits(5000, 1000)
    books.came(messages("a", "b"))
    assert (books.fits(400, 1000), books.fits(401, 1000), books.fits(401, None)) == (True, False, True)
    books.left([("a", 1, 300)])
    assert books.fits(700, 1000)
