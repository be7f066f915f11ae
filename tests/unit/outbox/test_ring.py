"""QoS 0 that no file keeps."""

from __future__ import annotations

from holdfast.messages import Outgoing
from holdfast.outbox.ring import Ring


def rows(*seqs: int) -> list[Outgoing]:
    return [Outgoing(seq, "t", b"", 0) for seq in seqs]


def test_the_oldest_fall_out() -> None:
    """Above the limit the newest are kept, and what fell out is counted."""
    ring = Ring(2)
    assert ring.accept(rows(1, 2), whole=False) == []
    assert ring.full
    assert [row.seq for row in ring.accept(rows(3), whole=False)] == [1]
    assert [row.seq for row in ring.take()] == [2, 3]
    assert ring.take() == []
    assert (ring.pending, ring.ended["dropped"]) == (2, 1)


def test_nothing_falls_out_where_it_is_kept_whole() -> None:
    """While somebody takes, more than the limit may wait."""
    ring = Ring(2)
    assert ring.accept(rows(1, 2, 3), whole=True) == []
    assert len(ring.take()) == 3


def test_its_bytes_are_those_of_what_is_pending() -> None:
    """Taken is pending still; an ending gives the bytes back."""
    ring = Ring(2)
    group = rows(1, 2)
    ring.accept(group, whole=False)
    ring.take()
    assert ring.bytes == sum(row.size for row in group)
    ring.end(group, "sent")
    assert (ring.bytes, ring.pending, ring.books()) == (
        0,
        0,
        ({"sent": 2, "failed": 0, "expired": 0, "dropped": 0}, 2),
    )


def test_what_was_taken_and_did_not_end_comes_again() -> None:
    """Given back it is first, in its order, and as pending as before."""
    ring = Ring(5)
    ring.accept(rows(1, 2), whole=False)
    taken = ring.take()
    ring.accept(rows(3), whole=False)
    ring.give_back(taken)
    assert ring.pending == 3
    assert [row.seq for row in ring.take()] == [1, 2, 3]
