"""A file that cannot be read keeps its rows, and says so (contract 12)."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from holdfast.errors import OutboxError, OutboxUnwritable
from holdfast.outbox.sqlite import SqliteOutbox
from tests.unit.outbox.files import accept, open_outbox, seqs
from tests.unit.outbox.holding import rows


class Blind:
    """A connection that reads nothing while ``blind``."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self.blind = False

    def execute(self, *arguments: Any) -> sqlite3.Cursor:
        if self.blind:
            error = sqlite3.OperationalError("disk I/O error")
            error.sqlite_errorcode = sqlite3.SQLITE_IOERR
            raise error
        return self._db.execute(*arguments)


class Reopened:
    """An outbox whose rows are all in the file, and how it is told of failures."""

    def __init__(self, path: Path, count: int, **options: Any) -> None:
        outbox = open_outbox(path, **options)
        accept(outbox, count)
        assert outbox.close(10)
        self.outbox: SqliteOutbox = open_outbox(path, **options)
        opened = self.outbox._opened
        assert opened is not None
        self.reader: Any = Blind(opened.reader)
        queries: Any = opened.queries
        sight: Any = self.outbox._sight
        queries._db = sight._reader = self.reader
        self.told: list[OutboxError | None] = []
        self.outbox.on_failed = self.told.append

    @property
    def failures(self) -> list[bool]:
        return [error is not None for error in self.told]


def test_rows_that_cannot_be_read_come_later(tmp_path: Path) -> None:
    """Nothing is raised in the middle of a turn, nothing lost, and each turn of events is told once."""
    case = Reopened(tmp_path / "outbox.db", 5)
    case.reader.blind = True
    assert case.outbox.take(10) == case.outbox.take(10) == []
    assert case.failures == [True]
    with pytest.raises(OutboxUnwritable, match="cannot be read: disk I/O error") as refused:
        case.outbox.accept(rows())
    assert "look at the disk" in (refused.value.hint or "")
    case.outbox.sweep(2_000.0)
    assert case.failures == [True]
    case.reader.blind = False
    case.outbox.sweep(2_001.0)
    assert case.failures == [True, False]
    assert seqs(case.outbox.take(10)) == [1, 2, 3, 4, 5]
    case.outbox.accept(rows())
    assert case.outbox.close(10)


def test_what_is_given_up_has_been_read(tmp_path: Path) -> None:
    """Rows that cannot be read do not give way to new ones, and do not expire."""
    case = Reopened(tmp_path / "outbox.db", 5, max_messages=5, overflow="drop_oldest", max_age_s=1.0)
    case.reader.blind = True
    assert not case.outbox.make_room(rows())
    case.outbox.sweep(2_000.0)
    assert case.outbox.pending == 5
    case.reader.blind = False
    case.outbox.sweep(2_001.0)
    assert case.outbox.pending == 0
    assert case.outbox.close(10)


def test_an_outbox_whose_rows_cannot_be_looked_at_is_not_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file is free again, for the next attempt."""
    path = tmp_path / "outbox.db"
    open_outbox(path).close()

    def fail(queries: object) -> list[int]:
        raise sqlite3.OperationalError("disk I/O error")

    with monkeypatch.context() as patch:
        patch.setattr("holdfast.outbox.queries.Queries.parked_keys", fail)
        with pytest.raises(OutboxUnwritable, match="cannot be read"):
            open_outbox(path)
    open_outbox(path).close()


def test_damage_stays_until_the_file_is_opened_again(tmp_path: Path) -> None:
    """What can be read goes out; then it is said, and the next opening sets the file aside."""
    path = tmp_path / "outbox.db"
    outbox = open_outbox(path)
    accept(outbox, 3000, payload=bytes(2000))  # more than SQLite keeps in memory
    outbox.close()
    outbox = open_outbox(path)
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 2)
        file.write(os.urandom(path.stat().st_size // 2))
    taken = []
    while some := outbox.take(100):
        taken += seqs(some)
    assert taken == list(range(1, len(taken) + 1))
    assert 100 < len(taken) < 3000
    outbox.sweep(2_000.0)
    with pytest.raises(OutboxUnwritable, match="malformed") as refused:
        outbox.accept(rows())
    assert "start again, and it is set aside" in (refused.value.hint or "")
    outbox.close(1)
    outbox = open_outbox(path)
    assert outbox.set_aside is not None
    outbox.close()
