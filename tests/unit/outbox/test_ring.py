"""QoS 0 that no file keeps."""

from __future__ import annotations

from math import inf

from holdfast.messages import Outgoing
from holdfast.outbox.ring import Ring
from holdfast.outbox.sweeping import LOOK_S
from holdfast.outbox.taking import TAKEN_BYTES
from holdfast.outbox.tally import Tally


def rows(*seqs: int, expires_at: float | None = None, payload: bytes = b"") -> list[Outgoing]:
    made = [Outgoing(seq, "t", payload, 0, expires_at=expires_at) for seq in seqs]
    for row in made:
        row.accepted_at = float(row.seq)
    return made


def seqs(some: list[Outgoing]) -> list[int]:
    return [row.seq for row in some]


def test_the_oldest_fall_out() -> None:
    """Above the limit the newest are kept, and what fell out is given back."""
    ring = Ring(2)
    assert ring.accept(rows(1, 2), whole=False, expiring=False, books=Tally()) == []
    assert ring.full
    assert seqs(ring.accept(rows(3), whole=False, expiring=False, books=Tally())) == [1]
    assert seqs(ring.take(large=False)) == [2, 3]
    assert ring.take(large=False) == []


def test_nothing_falls_out_where_it_is_kept_whole() -> None:
    """While somebody takes, more than the limit may wait."""
    ring = Ring(2)
    assert ring.accept(rows(1, 2, 3), whole=True, expiring=False, books=Tally()) == []
    assert len(ring.take(large=False)) == 3


def test_large_ones_are_taken_a_few_at_a_time() -> None:
    """About as much as a socket takes, if there may be more."""
    ring = Ring(10)
    ring.accept(rows(1, 2, 3, payload=bytes(TAKEN_BYTES)), whole=False, expiring=False, books=Tally())
    assert seqs(ring.take(large=True)) == [1]
    assert seqs(ring.take(large=False)) == [2, 3]


def test_what_expires_is_found_when_its_time_has_come() -> None:
    """In the middle too; it is not looked for before the first is due."""
    ring = Ring(10)
    ring.accept(
        rows(1) + rows(2, expires_at=20) + rows(3, expires_at=30), whole=False, expiring=True, books=Tally()
    )
    ring.accept(rows(4, expires_at=25), whole=False, expiring=True, books=Tally())
    assert ring.next_look(19.5, inf) == 20
    assert ring.give_up(19, -inf) == ([], [])
    expired, aged = ring.give_up(26, -inf)
    assert (seqs(expired), aged) == ([2, 4], [])
    assert ring.next_look(29.5, inf) == 30
    assert seqs(ring.take(large=False)) == [1, 3]


def test_what_is_too_old_is_at_its_head() -> None:
    """By the time of accepting; an empty ring has nothing to look for."""
    ring = Ring(10)
    assert ring.next_look(100, 5) == inf
    ring.accept(rows(1, 2, 3), whole=False, expiring=False, books=Tally())
    expired, aged = ring.give_up(100, before=2.0)
    assert (expired, seqs(aged)) == ([], [1, 2])
    assert ring.next_look(100, 97.5) == 100.5
    assert ring.next_look(100, 1000) == 100 + LOOK_S


def test_what_was_taken_and_did_not_end_comes_again() -> None:
    """Given back it is first, in its order, and expires as before."""
    ring = Ring(5)
    ring.accept(rows(1, 2, expires_at=20), whole=False, expiring=True, books=Tally())
    taken = ring.take(large=False)
    ring.accept(rows(3), whole=False, expiring=False, books=Tally())
    ring.give_back(taken)
    assert seqs(ring.give_up(21, -inf)[0]) == [1, 2]
    assert seqs(ring.take(large=False)) == [3]
