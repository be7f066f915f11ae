"""What the committed rows are asked."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from holdfast.messages import HIGH, LOW, NORMAL, Outgoing
from holdfast.outbox.keys import key_of, keys_of, seq_of
from holdfast.outbox.sqlite import SqliteOutbox
from holdfast.protocol import Parked, Settled
from holdfast.testing.manual_clock import ManualClock
from tests.contracts.outboxes import wait
from tests.unit.outbox.files import open_outbox, reading, seqs, write


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def outbox(tmp_path: Path, clock: ManualClock) -> Iterator[SqliteOutbox]:
    """Nine rows, ten seconds apart; the classes take turns."""
    outbox = open_outbox(tmp_path / "outbox.db", clock=clock)
    for n in range(9):
        put(outbox, Outgoing(0, f"t/{n}", b"", 1, priority=(LOW, NORMAL, HIGH)[n % 3]))
        clock.advance(10)
    yield outbox
    outbox.close()


def put(outbox: SqliteOutbox, *rows: Outgoing) -> list[Outgoing]:
    wait(outbox, outbox.accept(rows))
    return list(rows)


def test_a_class_waits_in_accept_order(outbox: SqliteOutbox) -> None:
    """From the front, or behind a number; the rows know their class."""
    ask = reading(outbox)
    waiting = {priority: list(ask.waiting(priority)) for priority in (LOW, NORMAL, HIGH)}
    assert {priority: seqs(rows) for priority, rows in waiting.items()} == {
        LOW: [1, 4, 7],
        NORMAL: [2, 5, 8],
        HIGH: [3, 6, 9],
    }
    assert all(row.priority == priority for priority, rows in waiting.items() for row in rows)
    assert seqs(list(ask.waiting(HIGH, after=3))) == [6, 9]


def test_what_expires_is_found_by_its_time(outbox: SqliteOutbox, clock: ManualClock) -> None:
    """The first to expire first, whatever the class; and when the next one will."""
    ask, now = reading(outbox), clock.now()
    for priority, seconds in ((LOW, 30), (NORMAL, 10), (HIGH, 20)):
        put(outbox, Outgoing(0, "t", b"", 1, expires_at=now + seconds, priority=priority))
    at = outbox._codec.timeline.now()
    assert ask.due(at, 10) == []
    assert ask.next_due(at) == pytest.approx(at + 10)
    assert list(map(seq_of, ask.due(at + 20, 10))) == [11, 12]
    assert list(map(seq_of, ask.due(at + 100, 2))) == [11, 12]
    assert list(map(seq_of, ask.due(at + 100, 2, skip={11}))) == [12, 10]
    assert ask.next_due(at + 30) is None


def test_parked_rows_are_found_by_themselves(outbox: SqliteOutbox) -> None:
    """Out of the line of their class; their keys are sorted."""
    ask = reading(outbox)
    rows = [*ask.waiting(LOW, after=1), *ask.waiting(HIGH, after=6)]
    write(outbox, *(Parked(row, 0x95, "") for row in rows))
    assert ask.parked_keys() == sorted(keys_of(rows))
    assert seqs(list(ask.waiting(LOW))) == [1]


def test_rows_are_found_by_key(outbox: SqliteOutbox) -> None:
    """Those that there are, in the order asked for, as they were accepted."""
    ask = reading(outbox)
    two, five, _ = ask.waiting(NORMAL)
    write(outbox, Settled([two], "expired"))
    (found,) = ask.by_keys([key_of(two), key_of(five), 99])
    assert (found.seq, found.topic, found.accepted_at) == (5, "t/4", five.accepted_at)


def test_an_answer_that_is_not_read_to_its_end_is_closed(outbox: SqliteOutbox) -> None:
    """An open query would keep the log from being emptied."""
    waiting = reading(outbox).waiting(LOW)
    next(waiting)
    waiting.close()
    assert outbox._opened is not None
    outbox._opened.store._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # type: ignore[union-attr]
    assert Path(f"{outbox.path}-wal").stat().st_size == 0


def test_topics_are_found_without_their_rows(outbox: SqliteOutbox) -> None:
    """With their keys, each class in accept order."""
    found = [(topic, seq_of(key)) for topic, key in reading(outbox).topics()]
    assert sorted(found) == [(f"t/{n}", n + 1) for n in range(9)]
    assert [seq for _, seq in found] == [3, 6, 9, 2, 5, 8, 1, 4, 7]
