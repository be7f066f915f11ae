"""How much is taken at once."""

from __future__ import annotations

from collections import deque

from holdfast.messages import Outgoing
from holdfast.outbox.taking import TAKEN_BYTES, fitting


def rows(count: int, size: int) -> deque[Outgoing]:
    """So many rows with payloads of this size."""
    return deque(Outgoing(seq, "t", bytes(size)) for seq in range(count))


def test_small_rows_are_taken_together() -> None:
    """As many as were asked for, and never more than there are to be looked at."""
    assert fitting(rows(100, 64), 100) == 100
    assert fitting(rows(100, 64), 7) == 7
    assert fitting(rows(0, 64), 0) == 0


def test_large_rows_are_taken_until_the_write_is_full() -> None:
    """The one that fills it is the last; one goes even when it is larger than any write should be."""
    taken = fitting(rows(100, 64 * 1024), 100)
    assert (taken - 1) * 64 * 1024 < TAKEN_BYTES <= taken * (64 * 1024 + 300)
    assert fitting(rows(3, 4 * TAKEN_BYTES), 3) == 1
