"""Rows of the tables of errors."""

from __future__ import annotations

from holdfast.resilience.rows import row


def test_a_row_is_a_value() -> None:
    """Equal by what it says, its marks in any order, and usable as a key."""
    one, other = (
        row("OSError", marks, "reset", "{place}", None)
        for marks in (set[int | str]((1, 2)), set[int | str]((2, 1)))
    )
    assert one == other
    assert len({one, other}) == 1
