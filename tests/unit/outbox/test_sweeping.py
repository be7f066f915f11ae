"""What is too old, how much of it ends at once, and when to look again (contract 9)."""

from __future__ import annotations

from collections import deque
from math import inf

from holdfast.messages import HIGH, Outgoing
from holdfast.outbox.sweeping import (
    AT_ONCE,
    AT_ONCE_BYTES,
    LOOK_S,
    SOON_S,
    STALE,
    Expiring,
    next_look,
    some,
    take_out,
)
from holdfast.outbox.waiting import Waiting
from holdfast.testing.manual_clock import ManualClock
from tests.unit.outbox.inside import inside

NOW = 100.0


def made(seq: int, accepted_at: float = 0.0, expires_at: float | None = None, size: int = 0) -> Outgoing:
    row = Outgoing(seq, "t", bytes(size), expires_at=expires_at)
    row.accepted_at = accepted_at
    return row


def waiting_of(*rows: Outgoing) -> Waiting:
    waiting = Waiting(ManualClock(NOW))
    with inside(waiting):
        waiting.accept(rows)
    return waiting


def seqs(rows: list[Outgoing]) -> list[int]:
    return [row.seq for row in rows]


def test_what_is_due_and_what_is_too_old_is_taken_out() -> None:
    """Up to the first that is young enough; keys of rows that have left mean nothing."""
    with inside(waiting_of(made(1, 10), made(2, 20), made(3, 30), made(4, 40), made(5, 50))) as waiting:
        expired, aged = take_out(waiting, [4, 99, 1], before=20)
        assert (seqs(expired), seqs(aged)) == ([4, 1], [2])
        assert seqs(list(waiting.oldest())) == [3, 5]


def test_without_a_limit_none_is_too_old() -> None:
    """However long it has waited."""
    with inside(waiting_of(made(1, -inf))) as waiting:
        assert take_out(waiting, [], before=-inf) == ([], [])
        assert len(waiting) == 1


def test_a_bounded_number_ends_at_once() -> None:
    """By count, or by bytes where rows are large: a sweep is a few milliseconds."""
    rows = [made(seq) for seq in range(1, AT_ONCE + 10)]
    with inside(waiting_of(*rows)) as waiting:
        _, aged = take_out(waiting, [], before=NOW)
        assert (len(aged), len(waiting)) == (AT_ONCE, 9)
    large = [made(seq, size=AT_ONCE_BYTES // 2) for seq in range(1, 6)]
    assert seqs(some(iter(large))) == [1, 2]


def test_what_is_left_over_is_looked_for_soon() -> None:
    """A sweep that ended as many as it may, or rows that are yet to be unparked."""
    waiting = waiting_of(made(1))
    with inside(waiting):
        assert next_look(waiting, NOW, inf, inf, ended=AT_ONCE) == NOW + SOON_S
        assert next_look(waiting, NOW, inf, inf, ended=AT_ONCE - 1) == NOW + LOOK_S
        waiting.unparking = deque([2]), lambda _: True
        assert next_look(waiting, NOW, inf, inf, ended=0) == NOW + SOON_S


def test_the_next_look_is_when_the_first_of_all_is_due() -> None:
    """Expiry, age or a deferred row; not before soon, and while any waits not later than ``LOOK_S``."""
    old, refused = made(1, accepted_at=NOW - 5), made(2, accepted_at=NOW)
    with inside(waiting_of(old)) as waiting:
        looks = [
            next_look(waiting, NOW, age, due, ended=0)
            for age, due in ((inf, inf), (5.4, inf), (inf, NOW + 0.3), (5.4, NOW + 0.3), (1, inf))
        ]
        assert looks == [NOW + LOOK_S, NOW + 5.4 - 5, NOW + 0.3, NOW + 0.3, NOW + SOON_S]
        waiting.defer(refused, NOW + 0.2)
        assert next_look(waiting, NOW, inf, NOW + 0.3, ended=0) == NOW + 0.2


def test_where_nothing_waits_nobody_looks() -> None:
    """New rows begin it anew."""
    with inside(waiting_of()) as waiting:
        assert next_look(waiting, NOW, 5, inf, ended=0) == inf


def test_rows_expire_in_the_order_of_their_time() -> None:
    """In whatever order they came; those that never expire are not known at all."""
    expiring = Expiring()
    assert (expiring.next_due, expiring.due(NOW)) == (inf, [])
    high = made(4, expires_at=20)
    high.priority = HIGH
    expiring.add([made(1, expires_at=30), made(2), made(3, expires_at=10), high])
    assert expiring.next_due == 10
    assert expiring.due(9) == []
    assert [key < 0 for key in expiring.due(20)] == [False, True]
    assert (expiring.due(inf), expiring.next_due) == ([1], inf)


def test_as_many_expire_as_may_end_at_once() -> None:
    """The rest is due still."""
    expiring = Expiring()
    expiring.add(made(seq, expires_at=1) for seq in range(1, AT_ONCE + 3))
    assert len(expiring.due(NOW)) == AT_ONCE
    assert (expiring.next_due, len(expiring.due(NOW))) == (1, 2)


def test_rows_that_left_are_forgotten_once_they_are_the_most() -> None:
    """What waits keeps its order."""
    expiring = Expiring()
    count = STALE + 10
    expiring.add(made(seq, expires_at=count - seq) for seq in range(1, count))
    expiring.tidy(500, lambda key: False)
    assert expiring.next_due == 1
    expiring.tidy(3, lambda key: key in (5, 500, 700))
    assert expiring.next_due == count - 700
    assert expiring.due(inf) == [700, 500, 5]
