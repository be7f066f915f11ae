"""The rows that wait: two ways in and out that keep one order, and rows out of the line (contract 8)."""

from __future__ import annotations

from random import Random

import pytest

from holdfast.messages import HIGH, LOW, NORMAL, Outgoing, QoS
from holdfast.outbox import waiting as module
from holdfast.outbox.keys import key_of
from holdfast.outbox.waiting import UNPARKED_AT_ONCE, UNPARKED_BYTES, Waiting
from holdfast.testing.manual_clock import ManualClock
from tests.unit.outbox.inside import inside


def row(seq: int, priority: int = NORMAL, qos: QoS = 1, size: int = 0) -> Outgoing:
    return Outgoing(seq, "t", bytes(size), qos, priority=priority)


def seqs(rows: list[Outgoing]) -> list[int]:
    return [one.seq for one in rows]


class Queue(Waiting):
    """With both ways in, and the clock it lives by."""

    def __init__(self, hold_class: bool = False) -> None:
        self.clock = ManualClock()
        super().__init__(self.clock, hold_class=hold_class)

    def come(self, *rows: Outgoing) -> None:
        """The usual way where these are usual."""
        if all(one.qos and one.priority == NORMAL for one in rows):
            self.incoming.append(rows)
        else:
            with inside(self):
                self.accept(rows)

    def parked_rows(self, count: int, size: int = 0) -> None:
        """So many rows that were taken, and are parked."""
        self.come(*[row(seq, size=size) for seq in range(1, count + 1)])
        with inside(self):
            for one in self._take(count, False):
                self.park(one)


def test_both_ways_keep_the_order_of_each_class() -> None:
    """Groups come the usual way and the shared one by turns, in any size, and are taken in any size."""
    random = Random(30)
    queue, last = Queue(), 0
    came: dict[int, list[int]] = {LOW: [], NORMAL: [], HIGH: []}
    went: dict[int, list[int]] = {LOW: [], NORMAL: [], HIGH: []}
    for turn in range(600):
        odd = turn // 100 % 2 > 0  # long enough to come back to the usual way
        rows = []
        for _ in range(random.randint(1, 6)):
            last += 1
            rows.append(row(last, random.choice((LOW, NORMAL, HIGH)) if odd else NORMAL))
            came[rows[-1].priority].append(last)
        queue.come(*rows)
        room = random.randint(0, 8)
        taken = queue.take(room, large=random.random() < 0.5)
        assert len(taken) <= room
        for one in taken:
            went[one.priority].append(one.seq)
    while taken := queue.take(50, large=False):
        for one in taken:
            went[one.priority].append(one.seq)
    assert went == came


def test_a_deferred_row_goes_first_when_its_time_has_come() -> None:
    """By the clock alone, whoever sweeps or not; until then the others go on."""
    queue = Queue()
    queue.come(*map(row, (1, 2, 3, 4)))
    (first,) = queue.take(1, False)
    with inside(queue):
        queue.defer(first, queue.clock.now() + 5)
    assert seqs(queue.take(1, False)) == [2]
    queue.clock.advance(5)
    assert seqs(queue.take(10, False)) == [1, 3, 4]


def test_a_held_class_waits_for_its_deferred_row() -> None:
    """With ``hold_class``: the other classes do not; what ends meanwhile holds nothing."""
    queue = Queue(hold_class=True)
    queue.come(row(1), row(2), row(3, HIGH))
    with inside(queue):
        refused = queue.find(1)
        assert refused is not None
    taken = queue.take(2, False)
    assert seqs(taken) == [3, 1]
    with inside(queue):
        queue.defer(refused, queue.clock.now() + 5)
    queue.come(row(4))
    assert queue.take(10, False) == []
    with inside(queue):
        assert queue.pull(1) is refused
    assert seqs(queue.take(10, False)) == [2, 4]


def test_what_waits_is_found_wherever_it_is() -> None:
    """In a line, deferred or parked: counted once, oldest first, and it ends once."""
    queue = Queue()
    queue.come(row(1), row(2), row(3, HIGH), row(4, LOW))
    _high, first = queue.take(2, False)
    (second,) = queue.take(1, False)
    with inside(queue):
        queue.park(second)
        queue.defer(first, queue.clock.now() + 60)
        assert len(queue) == 3
        assert seqs(list(queue.oldest())) == [1, 2, 4]
        assert seqs(list(queue.oldest((LOW, HIGH)))) == [4]
        for key in (1, 2, key_of(row(4, LOW))):
            assert queue.has(key)
            assert queue.pull(key) is not None
            assert (queue.has(key), queue.find(key), queue.pull(key)) == (False, None, None)
        assert len(queue) == 0


def test_parked_rows_come_back_some_at_a_time() -> None:
    """No more until these have gone; then they go before the others, in accept order."""
    queue = Queue()
    queue.parked_rows(2 * UNPARKED_AT_ONCE + 1)
    queue.come(row(5000))
    with inside(queue):
        assert seqs(queue.unpark(lambda _: True)) == list(range(1, UNPARKED_AT_ONCE + 1))
        assert queue.unpark_more() == []
    assert seqs(queue.take(3, False)) == [1, 2, 3]
    with inside(queue):
        assert len(queue.unpark_more()) == UNPARKED_AT_ONCE
        assert queue.unparking is not None
    taken = []
    while some := queue.take(400, False):
        taken += some
        with inside(queue):
            queue.unpark_more()
    assert seqs(taken) == [*range(4, 2 * UNPARKED_AT_ONCE + 2), 5000]
    assert queue.unparking is None


def test_large_parked_rows_come_back_a_few_at_a_time() -> None:
    """By bytes, as they are read from the file."""
    queue = Queue()
    queue.parked_rows(6, size=UNPARKED_BYTES // 3)
    with inside(queue):
        assert seqs(queue.unpark(lambda _: True)) == [1, 2, 3]
        assert seqs(queue.unpark_more()) == [4, 5, 6]


def test_only_what_fits_comes_back() -> None:
    """New terms begin anew with all that is parked; with none there is no more to do."""
    queue = Queue()
    queue.parked_rows(UNPARKED_AT_ONCE + 5)
    with inside(queue):
        assert queue.unpark(lambda one: one.seq > UNPARKED_AT_ONCE) == []
        assert queue.unparking is not None
        assert len(queue.unpark_more()) == 5
        assert queue.unpark_more() == []
        assert seqs(queue.unpark(lambda one: one.seq == 7)) == [7]
    with inside(Queue()) as empty:
        assert empty.unpark(lambda _: True) == []
        assert empty.unparking is None


def test_a_parked_row_that_ends_meanwhile_does_not_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor does it stop those behind it."""
    monkeypatch.setattr(module, "UNPARKED_AT_ONCE", 2)
    queue = Queue()
    queue.parked_rows(5)
    with inside(queue):
        assert seqs(queue.unpark(lambda one: one.seq > 2)) == []
        assert queue.pull(3) is not None
        assert seqs(queue.unpark_more()) == [4]
        assert seqs(queue.unpark_more()) == [5]
