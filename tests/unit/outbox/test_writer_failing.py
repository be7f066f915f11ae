"""What a failing disk does, and a hanging one (contract 12, 24)."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from holdfast.errors import OutboxError, OutboxLocked, OutboxUnwritable
from holdfast.outbox.sqlite import SqliteOutbox
from holdfast.protocol import Settled
from tests.contracts.outboxes import wait
from tests.unit.outbox.files import CLIENT_ID, accept, open_outbox, query
from tests.unit.outbox.holding import Disk, failing, rows, until


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
    again = SqliteOutbox(outbox.path, outbox._clock, durability="process")
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
