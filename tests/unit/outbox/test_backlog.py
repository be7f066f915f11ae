"""The backlog: a few rows in memory, the rest in the file, in order all the same (contract 8, 30)."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from weakref import ref

import pytest

from holdfast.messages import Outgoing, QoS
from holdfast.outbox import backlog
from holdfast.outbox.backlog import BATCH_ROWS, READY_ROWS, TAKEN_BYTES, Backlog


class File:
    """Committed rows, and the backlog that reads them."""

    def __init__(self, *, before: int = 0, skip: tuple[int, ...] = ()) -> None:
        self.rows: list[tuple[int, int, QoS]] = [(seq, 0, 1) for seq in range(1, before + 1)]
        self.last = before
        self.handed = self.durable = 1
        self.reads: list[int] = []
        self.backlog = Backlog(self.read, skip, before, 1)

    def read(self, after: int) -> Iterator[Outgoing]:
        self.reads.append(after)
        for seq, size, qos in self.rows:
            if seq > after:
                yield Outgoing(seq, "t", bytes(size), qos)

    def accept(self, count: int, size: int = 0, *, qos: QoS = 1, commit: bool = True) -> list[Outgoing]:
        rows = [Outgoing(self.last + n, "t", bytes(size), qos) for n in range(1, count + 1)]
        self.last += count
        self.handed += 1
        self.backlog.accept(rows, self.handed)
        self.waiting = [(row.seq, size, qos) for row in rows]
        if commit:
            self.commit()
        return rows

    def commit(self) -> None:
        self.rows += self.waiting
        self.durable = self.handed

    def take(self, room: int = 10_000) -> list[int]:
        return [row.seq for row in self.backlog.take(room, self.durable)]

    def take_all(self) -> list[int]:
        taken: list[int] = []
        while some := self.take():
            taken += some
        return taken


def test_few_rows_never_touch_the_file() -> None:
    """While all that waits fits in memory the very rows accepted come back, committed or not."""
    file = File()
    rows = file.accept(10, commit=False)
    assert file.backlog.take(100, file.durable) == rows
    assert file.reads == []


def test_many_rows_are_read_in_batches() -> None:
    """Above the bound memory holds no more rows; what comes is in accept order, each once."""
    file = File()
    for _ in range(5):
        file.accept(READY_ROWS // 2)
    assert len(file.backlog._ready) <= READY_ROWS
    taken: list[int] = []
    while some := file.take(50):
        taken += some
        assert len(file.backlog._ready) <= READY_ROWS
    assert taken == list(range(1, file.last + 1))


def test_new_rows_stand_behind_spilled_ones() -> None:
    """Contract 8: there is room in memory again, but older rows are in the file."""
    file = File()
    file.accept(READY_ROWS + 1)
    first = file.take(5)
    file.accept(3)
    assert first + file.take_all() == list(range(1, file.last + 1))


def test_memory_is_used_again_when_the_file_is_read() -> None:
    """Caught up, new rows need no reading."""
    file = File()
    file.accept(READY_ROWS + 1)
    file.take_all()
    reads = len(file.reads)
    rows = file.accept(3)
    assert file.backlog.take(10, file.durable) == rows
    assert len(file.reads) == reads


def test_what_is_not_committed_waits() -> None:
    """Spilled and not durable: nothing comes, and nothing is forgotten."""
    file = File()
    file.accept(READY_ROWS + 1, commit=False)
    assert file.take() == []
    file.commit()
    assert file.take_all() == list(range(1, file.last + 1))


def test_what_an_earlier_process_left_comes_first() -> None:
    """Rows in flight are not unsent; new rows come behind."""
    file = File(before=10, skip=(2, 3, 10))
    file.accept(2)
    assert file.take_all() == [1, 4, 5, 6, 7, 8, 9, 11, 12]


@pytest.mark.parametrize("size", [TAKEN_BYTES // 4, TAKEN_BYTES * 2])
def test_large_rows_come_a_few_at_a_time(size: int) -> None:
    """By bytes, from memory or from the file; one at least."""
    file = File()
    for _ in range(12):
        file.accept(1, size)
    taken: list[int] = []
    while some := file.take():
        assert len(some) <= 4
        taken += some
    assert taken == list(range(1, 13))


def test_the_window_bounds_qos_1_and_2_alone() -> None:
    """A stored QoS 0 needs no identifier, and keeps its place."""
    file = File()
    for qos in (0, 1, 0, 1):
        file.accept(1, qos=qos)
    assert file.take(0) == [1]
    assert file.take(1) == [2, 3]
    assert file.take(-1) == []
    assert file.take(1) == [4]


class Held:
    """A receipt."""


def test_receipts_of_spilled_rows_are_told_if_they_are_held() -> None:
    """Read back from the file a row knows its receipt again; one that was dropped is gone from memory."""
    file = File()
    file.accept(READY_ROWS)
    held, dropped = Held(), Held()
    rows = [Outgoing(READY_ROWS + n, "t", b"", 1) for n in (1, 2, 3)]
    rows[0].ticket, rows[1].ticket = ref(held), ref(dropped)
    file.backlog.accept(rows, 3)
    file.rows += [(row.seq, 0, 1) for row in rows]
    file.durable = 3
    del dropped, rows
    gc.collect()
    taken = []
    while some := file.backlog.take(10_000, file.durable):
        taken += some
    tickets = [row.ticket() if row.ticket else None for row in taken[-3:]]
    assert tickets == [held, None, None]
    assert len(file.backlog._tickets) == 0


def test_a_batch_is_a_few_milliseconds() -> None:
    """The loop reads so many rows at once, and no more are kept ready than the session has room for."""
    file = File(before=10 * BATCH_ROWS)
    file.take(10)
    assert len(file.backlog._ready) <= BATCH_ROWS
    assert backlog.TAKEN_BYTES <= 1 << 20
