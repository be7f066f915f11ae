"""A file that cannot be read at present: said once, nothing accepted, goes on by itself (contract 12)."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from holdfast.errors import OutboxError
from holdfast.outbox.sight import Sight
from tests.unit.outbox.files import open_outbox


def error(code: int) -> sqlite3.OperationalError:
    """What SQLite says with this code."""
    made = sqlite3.OperationalError("it cannot be read")
    made.sqlite_errorcode = code
    return made


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """An outbox that was closed."""
    path = tmp_path / "outbox.db"
    open_outbox(path).close()
    return path


def test_said_once_and_over_when_reading_goes_on(path: Path) -> None:
    """However often it fails; then None is told."""
    told: list[OutboxError | None] = []
    with closing(sqlite3.connect(path)) as reader:
        sight = Sight(str(path), reader, told.append)
        sight.look()
        assert told == []
        for _ in range(3):
            sight.failed(error(sqlite3.SQLITE_IOERR))
        assert told == [sight.failure]
        assert "cannot be read" in str(sight.failure)
        sight.look()
        assert (sight.failure, told[-1], len(told)) == (None, None, 2)


def test_while_it_cannot_be_read_it_stays_so(path: Path) -> None:
    """Looking again is no promise."""
    reader = sqlite3.connect(path)
    sight = Sight(str(path), reader, lambda failure: None)
    sight.failed(error(sqlite3.SQLITE_IOERR))
    reader.close()
    sight.look()
    assert sight.failure is not None


def test_damage_does_not_heal(path: Path) -> None:
    """Until the file is opened again, and looked through."""
    with closing(sqlite3.connect(path)) as reader:
        sight = Sight(str(path), reader, lambda failure: None)
        sight.failed(error(sqlite3.SQLITE_CORRUPT))
        sight.look()
        assert sight.failure is not None
