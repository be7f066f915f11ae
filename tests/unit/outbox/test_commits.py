"""Commits made by hand, one attempt at a time: what is in each, and what a failure leaves (contract 12)."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from holdfast.errors import OutboxError
from holdfast.messages import Outgoing
from holdfast.outbox.commits import Commits
from holdfast.outbox.sqlite import SqliteOutbox
from holdfast.protocol import Assigned, Failed, Settled
from holdfast.testing.manual_clock import ManualClock
from tests.unit.outbox.files import CLIENT_ID, query
from tests.unit.outbox.holding import Disk, failing, rows


class ByHand(Commits):
    """Commits when the test says so."""

    def begin(self) -> None: ...

    def close(self, timeout_s: float | None) -> bool:
        self._store.close()
        return self.settled

    @property
    def ended(self) -> bool:
        return True

    def attempt(self, late: bool = False) -> bool | None:
        """None: nothing was due."""
        with self._lock:
            group = self.due(late)
        return None if group is None else self.commit(group)


class Hand:
    """An outbox, its commits, and what was told of failures."""

    def __init__(self, path: Path, clock: ManualClock | None = None) -> None:
        self.outbox = SqliteOutbox(path, clock or ManualClock(), durability="process")
        self.outbox._make_writer = ByHand
        self.outbox.open(CLIENT_ID)
        assert isinstance(self.outbox._writer, ByHand)
        self.commits = self.outbox._writer
        self.failures: list[OutboxError | None] = []
        self.outbox.on_failed = self.failures.append


@pytest.fixture
def hand(tmp_path: Path) -> Iterator[Hand]:
    hand = Hand(tmp_path / "outbox.db")
    yield hand
    hand.outbox.close()


def state(hand: Hand) -> tuple[int, bool]:
    return hand.outbox.durable, hand.commits.settled


def test_nothing_is_due_where_nothing_was_handed_over(hand: Hand) -> None:
    """No commit without a reason; and everything handed over is durable."""
    assert hand.commits.attempt() is None
    assert hand.commits.settled


def test_a_group_is_closed_when_it_is_due(hand: Hand) -> None:
    """What comes while it is committed is in the next one (contract 11)."""
    first = hand.outbox.accept(rows(2))
    with hand.commits._lock:
        group = hand.commits.due(False)
    second = hand.outbox.accept(rows())
    assert group is not None
    assert (group.number, len(group.rows), second) == (first, 2, first + 1)
    assert hand.commits.commit(group)
    assert state(hand) == (first, False)
    assert hand.commits.attempt()
    assert state(hand) == (second, True)


def test_what_may_lag_is_due_late_or_with_something_else(hand: Hand) -> None:
    """Endings alone wait; not so those of rows that others overtake."""
    first, second, third, fourth = rows(4)
    hand.outbox.accept([first, second, third, fourth])
    hand.commits.attempt()
    hand.outbox.write([Settled([first], "acknowledged")])
    assert hand.commits.lagging is True
    assert hand.commits.attempt() is None
    assert hand.commits.attempt(late=True)
    hand.outbox.write([Failed(second, 0x97, "")])
    hand.outbox.write([Assigned([(1, third)])])
    assert hand.commits.attempt()
    hand.outbox.write([Failed(third, 0x95, "", withheld=1)])
    assert hand.commits.attempt()
    hand.outbox.write([Failed(fourth, 0x80, "", kills=5)])
    assert hand.commits.attempt()


def test_bytes_wait_until_they_are_durable(hand: Hand) -> None:
    """They bound what only memory holds."""
    group = rows(2)
    hand.outbox.accept(group)
    assert hand.commits.waiting == sum(row.size for row in group)
    hand.commits.attempt()
    assert hand.commits.waiting == 0


def test_who_is_told_may_fail(hand: Hand) -> None:
    """A loop that has ended meanwhile is no reason to stop committing."""

    def fail() -> None:
        raise RuntimeError("Event loop is closed")

    hand.outbox.on_durable = fail
    hand.commits.tell()


def test_a_failed_attempt_is_repeated_on_a_file_opened_anew(hand: Hand, disk: Disk) -> None:
    """Contract 12: the same group, and never told durable before; both turns are told."""
    hand.outbox.accept(rows(2))
    disk.before = failing()
    with hand.commits._lock:
        group = hand.commits.due(False)
    assert group is not None
    before = hand.commits._store._db
    assert not hand.commits.commit(group)
    assert not hand.commits.commit(group)
    assert [failure is None for failure in hand.failures] == [False]
    assert hand.outbox.durable == group.number - 1
    disk.before = None
    assert hand.commits.commit(group)
    assert hand.commits._store._db is not before
    assert hand.failures[1:] == [None]
    assert query(Path(hand.outbox.path), "SELECT accepted FROM books") == [(2,)]


def test_an_attempt_that_failed_and_had_happened_is_not_repeated(hand: Hand, disk: Disk) -> None:
    """The file says which it was: the number of the commit is in it."""
    hand.outbox.accept(rows(2))
    disk.after = failing()
    with hand.commits._lock:
        group = hand.commits.due(False)
    assert group is not None
    assert not hand.commits.commit(group)
    assert hand.commits.commit(group)
    assert len(disk.groups) == 1
    assert query(Path(hand.outbox.path), "SELECT accepted FROM books") == [(2,)]


class Mute:
    """A connection that commits, and says that it failed."""

    def __init__(self, db: Any) -> None:
        self._db = db

    def execute(self, sql: str, *arguments: Any) -> Any:
        done = self._db.execute(sql, *arguments)
        if sql == "COMMIT":
            failing()()
        return done

    def __getattr__(self, name: str) -> Any:
        return getattr(self._db, name)


def test_outbox_time_is_moved_once(tmp_path: Path) -> None:
    """Contract 27: also by a commit that failed and had happened, so rows of one moment stay of one age."""
    clock = ManualClock()
    hand = Hand(tmp_path / "outbox.db", clock)
    hand.outbox.accept(rows())
    hand.commits.attempt()
    right = clock.wall() + 100
    hand.outbox.close()
    clock.reboot(100, wall=5.0)
    hand = Hand(tmp_path / "outbox.db", clock)
    hand.outbox.accept(rows())
    hand.commits.attempt()
    clock.jump_wall(right - clock.wall())
    hand.outbox.accept(rows())
    store: Any = hand.commits._store
    store._db = Mute(store._db)
    with hand.commits._lock:
        group = hand.commits.due(False)
    assert group is not None
    assert not hand.commits.commit(group)
    assert hand.commits.commit(group)
    hand.outbox.accept(rows())
    hand.commits.attempt()
    first, *others = (at for (at,) in query(Path(hand.outbox.path), "SELECT accepted_at FROM message"))
    assert others == [pytest.approx(first + 100)] * 3
    hand.outbox.close()


def test_a_full_disk_costs_the_reserve_until_there_is_room(hand: Hand, disk: Disk) -> None:
    """Contract 12: it is given up for the next attempt; accepting waits until it is there again."""
    reserve = Path(hand.outbox.path + ".reserve")
    hand.outbox.accept(rows())
    disk.before = failing(sqlite3.SQLITE_FULL)
    with hand.commits._lock:
        group = hand.commits.due(False)
    assert group is not None
    assert not hand.commits.commit(group)
    assert (hand.commits.tight, reserve.exists()) == (True, False)
    disk.before = None
    assert hand.commits.commit(group)
    with pytest.raises(OutboxError):
        hand.outbox.accept([Outgoing(0, "t", b"", 1)])
    hand.commits.regain()
    assert [failure is None for failure in hand.failures] == [False, True]
    assert reserve.exists()
    hand.outbox.accept(rows())
