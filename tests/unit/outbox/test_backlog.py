"""The backlog: a few rows in memory, the rest in the file, in order all the same (contract 8, 30)."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

import pytest

from holdfast.messages import NORMAL, Outgoing, QoS
from holdfast.outbox import tables
from holdfast.outbox.backlog import BATCH_ROWS, READY_ROWS, Backlog
from holdfast.outbox.latest import Latest
from holdfast.outbox.queries import Queries
from holdfast.outbox.rows import RowCodec
from holdfast.outbox.steps import Steps, prepare
from holdfast.outbox.taking import TAKEN_BYTES
from holdfast.outbox.timeline import Timeline
from holdfast.testing.manual_clock import ManualClock
from tests.unit.outbox.inside import inside


class File:
    """Committed rows, and the backlog that reads them."""

    def __init__(
        self, *, before: int = 0, skip: tuple[int, ...] = (), parked: tuple[int, ...] = (), hold: bool = False
    ) -> None:
        self.clock = ManualClock()
        self.codec = RowCodec(Timeline(self.clock))
        self.db = sqlite3.connect(":memory:", isolation_level=None)
        tables.create(self.db, "gateway-7", 0)
        prepare(self.db)
        self.last = self.handed = self.durable = 0
        self.waiting: list[Outgoing] = []
        if before:
            self.hand(self.made(before))
            self.commit()
        self.db.executemany("UPDATE message SET parked = 'no' WHERE id = ?", [(key,) for key in parked])
        queries = Queries(self.db, self.codec)
        self.backlog = Backlog(self.clock, queries, skip, self.handed, lambda: self.durable, hold, Latest())

    def made(self, count: int, size: int = 0, qos: QoS = 1, priority: int = NORMAL) -> list[Outgoing]:
        rows = []
        for _ in range(count):
            self.last += 1
            rows.append(Outgoing(self.last, "t", bytes(size), qos, priority=priority))
        return rows

    def hand(self, rows: Sequence[Outgoing]) -> None:
        self.handed += 1
        self.waiting += rows

    def accept(
        self, count: int, size: int = 0, *, qos: QoS = 1, priority: int = NORMAL, commit: bool = True
    ) -> list[Outgoing]:
        rows = self.made(count, size, qos, priority)
        self.hand(rows)
        with inside(self.backlog):
            self.backlog.hand_over(rows, self.handed)
        if commit:
            self.commit()
        return rows

    def commit(self) -> None:
        steps = Steps(self.db)
        steps.messages(self.codec.flat(self.waiting))
        steps.commit()
        self.waiting = []
        self.durable = self.handed

    def take(self, room: int = 10_000) -> list[int]:
        return [row.seq for row in self.rows(room)]

    def rows(self, room: int = 10_000) -> list[Outgoing]:
        with inside(self.backlog):
            return self.backlog.take_committed(room)

    def take_all(self) -> list[int]:
        taken: list[int] = []
        while some := self.take():
            taken += some
        return taken

    @property
    def in_memory(self) -> int:
        return sum(len(line.rows) for line in self.backlog.lines)

    @property
    def reads(self) -> bool:
        """Whether anything is in the file alone."""
        return any(spilled.commit for spilled in self.backlog._spilled)


def test_few_rows_never_touch_the_file() -> None:
    """While all that waits fits in memory the very rows accepted come back, committed or not."""
    file = File()
    rows = file.accept(10, commit=False)
    assert file.rows(100) == rows
    assert not file.reads


def test_many_rows_are_read_in_batches() -> None:
    """Above the bound memory holds no more rows; what comes is in accept order, each once."""
    file = File()
    for _ in range(5):
        file.accept(READY_ROWS // 2)
    assert file.in_memory <= READY_ROWS
    taken: list[int] = []
    while some := file.take(50):
        taken += some
        assert file.in_memory <= READY_ROWS
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
    rows = file.accept(3)
    assert file.rows(10) == rows
    assert not file.reads


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


def test_a_batch_is_a_few_milliseconds() -> None:
    """The loop reads so many rows at once, and no more are kept ready than the session has room for."""
    file = File(before=10 * BATCH_ROWS)
    file.take(10)
    assert file.in_memory <= BATCH_ROWS
    assert TAKEN_BYTES <= 1 << 20


def test_a_parked_row_that_ends_ends_once() -> None:
    """It is in the file until its ending is committed, and behind the cursor, but it waits no more."""
    file = File(before=3, parked=(2,))
    with inside(file.backlog):
        assert file.backlog.pull(2) is not None
        assert not file.backlog.has(2)
        assert file.backlog.find(2) is None
        assert file.backlog.pull(2) is None
