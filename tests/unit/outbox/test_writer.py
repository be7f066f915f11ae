"""The thread that commits: what shares a commit, what may lag, what a failing disk does (contract 11, 12)."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event, current_thread
from typing import Any

import pytest

from holdfast.errors import OutboxError, OutboxLocked, OutboxUnwritable
from holdfast.messages import Outgoing
from holdfast.outbox import writer as writing
from holdfast.outbox.sqlite import SqliteOutbox
from holdfast.outbox.store import Group, Store
from holdfast.protocol import Assigned, Failed, Settled
from tests.contracts.outboxes import wait
from tests.unit.outbox.files import CLIENT_ID, accept, open_outbox, query


class Disk:
    """Between the writer and its store: holds commits up, lets them fail, and counts them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.groups: list[Group] = []
        self.before: Callable[[], None] | None = None
        self.after: Callable[[], None] | None = None
        self.free = Event()
        self.free.set()
        self.reached = Event()
        real = Store.commit

        def commit(store: Store, group: Group) -> None:
            self.reached.set()
            assert self.free.wait(10)
            if self.before is not None:
                self.before()
            real(store, group)
            self.groups.append(group)
            if self.after is not None:
                self.after()

        monkeypatch.setattr(Store, "commit", commit)
        monkeypatch.setattr(writing, "AGAIN_S", 0.005)

    def hold(self) -> None:
        self.reached.clear()
        self.free.clear()


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    return Disk(monkeypatch)


@pytest.fixture
def outbox(tmp_path: Path, disk: Disk) -> Iterator[SqliteOutbox]:
    outbox = open_outbox(tmp_path / "outbox.db")
    yield outbox
    disk.free.set()
    outbox.close(10)


def rows(count: int = 1) -> list[Outgoing]:
    return [Outgoing(0, "t", b"", 1) for _ in range(count)]


def error(code: int) -> sqlite3.OperationalError:
    made = sqlite3.OperationalError("disk I/O error")
    made.sqlite_errorcode = code
    return made


def failing(code: int = sqlite3.SQLITE_IOERR) -> Callable[[], None]:
    def fail() -> None:
        raise error(code)

    return fail


def until(check: Callable[[], Any]) -> None:
    deadline = time.monotonic() + 10
    while not check():
        assert time.monotonic() < deadline
        time.sleep(0.001)


# -- groups ----------------------------------------------------------------------------------


def test_what_comes_during_a_commit_shares_the_next(outbox: SqliteOutbox, disk: Disk) -> None:
    """Contract 11: no collection delay, and never two commits for what one can take."""
    disk.hold()
    outbox.accept(rows())
    outbox.begin()
    assert disk.reached.wait(10)
    numbers = {outbox.accept(rows(2)) for _ in range(50)}
    assert len(numbers) == 1
    disk.free.set()
    wait(outbox, *numbers)
    assert [len(group.rows) for group in disk.groups] == [1, 100]


def test_a_turn_shares_one_commit(outbox: SqliteOutbox, disk: Disk) -> None:
    """What is accepted and what becomes of it before begin() is one commit, not two turns of the disk."""
    group = rows()
    outbox.accept(group)
    wait(outbox, outbox.write([Assigned([(1, group[0])])]))
    assert len(disk.groups) == 1


def test_durable_grows_on_the_writers_thread(outbox: SqliteOutbox) -> None:
    """on_durable is called there, after the commit; never on the thread that accepts."""
    told: list[tuple[int, bool]] = []
    here = current_thread()
    outbox.on_durable = lambda: told.append((outbox.durable, current_thread() is here))
    commit = outbox.accept(rows())
    outbox.begin()
    until(lambda: told)
    assert told == [(commit, False)]


def test_who_is_told_may_fail(outbox: SqliteOutbox) -> None:
    """A loop that has ended meanwhile: committing goes on."""

    def fail() -> None:
        raise RuntimeError("Event loop is closed")

    outbox.on_durable = fail
    accept(outbox)
    accept(outbox)


@pytest.mark.parametrize(
    "end", [lambda row: Settled([row], "acknowledged"), lambda row: Failed(row, 0x97, "")]
)
def test_an_ending_begins_no_commit_of_its_own(outbox: SqliteOutbox, disk: Disk, end: Any) -> None:
    """It may lag: a message accepted right behind it shares its commit; alone it waits LAG_S."""
    one, two = accept(outbox, 2)
    disk.groups.clear()
    outbox.write([end(one)])
    outbox.begin()
    time.sleep(writing.LAG_S / 10)
    assert disk.groups == []
    accept(outbox)
    assert [(len(group.rows), len(group.records)) for group in disk.groups] == [(1, 1)]
    began = time.monotonic()
    commit = outbox.write([end(two)])
    outbox.begin()
    until(lambda: outbox.durable >= commit)
    assert time.monotonic() - began >= writing.LAG_S * 0.9


def test_a_withheld_identifier_does_not_lag(outbox: SqliteOutbox, disk: Disk) -> None:
    """Contract 8: what is resent next would overtake the row if it came back."""
    (row,) = accept(outbox, 1)
    began = time.monotonic()
    commit = outbox.write([Failed(row, 0x95, "", withheld=3)])
    outbox.begin()
    until(lambda: outbox.durable >= commit)
    assert time.monotonic() - began < writing.LAG_S


def test_closing_commits_what_lags(outbox: SqliteOutbox, disk: Disk) -> None:
    """And what nobody began; nothing is lost by an orderly end."""
    (row,) = accept(outbox, 1)
    outbox.write([Settled([row], "acknowledged")])
    outbox.begin()
    outbox.accept(rows(3))
    assert outbox.close(10)
    assert query(Path(outbox.path), "SELECT accepted, acknowledged FROM books") == [(4, 1)]


# -- a disk that fails -----------------------------------------------------------------------


@pytest.mark.parametrize("code", [sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR])
def test_a_failed_commit_is_never_told_durable(outbox: SqliteOutbox, disk: Disk, code: int) -> None:
    """It is tried again; meanwhile nothing more is accepted, and both turns are told."""
    told: list[OutboxError | None] = []
    outbox.on_failed = told.append
    before = outbox.durable
    disk.before = failing(code)
    commit = outbox.accept(rows(2))
    outbox.begin()
    until(lambda: told)
    assert isinstance(told[0], OutboxUnwritable)
    assert told[0].hint
    with pytest.raises(OutboxUnwritable):
        outbox.accept(rows())
    assert outbox.durable == before
    disk.before = None
    wait(outbox, commit)
    until(lambda: len(told) == 2)
    assert told[1] is None
    assert len(accept(outbox)) == 1
    assert outbox.ledger().accepted == 3


def test_a_commit_that_failed_and_had_happened_is_not_repeated(outbox: SqliteOutbox, disk: Disk) -> None:
    """Contract 12: which it was is read from the file. Rows are there once, and endings are counted once."""
    (row,) = accept(outbox)
    disk.after = failing()
    outbox.accept(rows(2))
    commit = outbox.write([Settled([row], "acknowledged")])
    outbox.begin()
    until(lambda: outbox.durable >= commit)
    disk.after = None
    accept(outbox)
    outbox.close()
    assert query(Path(outbox.path), "SELECT accepted, acknowledged FROM books") == [(4, 1)]
    assert query(Path(outbox.path), "SELECT count(*) FROM message") == [(3,)]


def test_a_defect_is_a_failure_too(
    outbox: SqliteOutbox, disk: Disk, caplog: pytest.LogCaptureFixture
) -> None:
    """Not silence: a thread that dies of a bug would leave everybody waiting."""

    def defect() -> None:
        raise ZeroDivisionError("defect")

    disk.before = defect
    outbox.accept(rows())
    outbox.begin()
    until(lambda: "defect" in caplog.text)
    with pytest.raises(OutboxUnwritable):
        outbox.accept(rows())
    disk.before = None


def test_closing_while_commits_fail(outbox: SqliteOutbox, disk: Disk) -> None:
    """close() says that not everything was committed, lets go of the file, and does not hang."""
    accept(outbox)
    disk.before = failing()
    outbox.accept(rows())
    outbox.begin()
    assert not outbox.close(10)
    disk.before = None
    again = SqliteOutbox(outbox.path, outbox._codec._clock, durability="process")
    again.open(CLIENT_ID)
    assert again.pending == 1
    again.close()


def test_closing_does_not_wait_for_ever(outbox: SqliteOutbox, disk: Disk) -> None:
    """Contract 24: the commit thread hangs in the disk; close() returns in time, and says so."""
    disk.hold()
    outbox.accept(rows())
    outbox.begin()
    assert disk.reached.wait(10)
    assert not outbox.close(0.05)
    with pytest.raises(OutboxError, match="is not open"):
        outbox.accept(rows())
    with pytest.raises(OutboxLocked):
        open_outbox(Path(outbox.path))
    disk.free.set()
    assert outbox.close(10)
    open_outbox(Path(outbox.path)).close()
