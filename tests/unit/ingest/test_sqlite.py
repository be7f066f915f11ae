"""Rows into a real SQLite file: whole batches, once, whatever the disk does."""

from __future__ import annotations

import shutil
import sqlite3
import threading
from collections.abc import AsyncIterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from holdfast.ingest.errors import SinkError
from holdfast.ingest.row import Row
from holdfast.ingest.sink import Batch, Memory, Refused, Written
from holdfast.ingest.sqlite import SqliteSink
from holdfast.ingest.table import Column, Keep, Table

AT = datetime(2026, 11, 21, 5, tzinfo=UTC)


def batch(number: int, *topics: str, refused: tuple[Refused, ...] = (), state: str = "") -> Batch:
    rows = [row(topic) for topic in topics]
    return Batch(number, rows, lambda place: rows[place], refused, state)


def row(topic: str) -> Row:
    return (AT, topic, 1, False, "p", None)


def stored(path: Path, sql: str = "SELECT topic FROM messages ORDER BY id") -> list[str]:
    with closing(sqlite3.connect(path)) as db:
        return [str(value) for (value,) in db.execute(sql)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "readings.db"


@pytest.fixture
async def sink(path: Path) -> AsyncIterator[SqliteSink]:
    made = SqliteSink(str(path))
    assert await made.open("me") == Memory()
    yield made
    await made.close()


async def test_a_batch_is_in_the_file_when_write_returns(sink: SqliteSink, path: Path) -> None:
    """Returned = committed: another connection sees the rows in order."""
    assert await sink.write(batch(1, "a", "b")) == Written(2, 0, 0)
    assert stored(path) == ["a", "b"]


async def test_the_file_is_written_for_power_cuts(sink: SqliteSink, path: Path) -> None:
    """WAL stays with the file; every commit of this connection is synced."""
    assert stored(path, "PRAGMA journal_mode") == ["wal"]
    assert await sink._run(lambda: sink._connection().execute("PRAGMA synchronous").fetchone()) == (2,)


async def test_the_loop_never_touches_the_disk(sink: SqliteSink) -> None:
    """All calls run on one thread of the sink's own."""
    names = {await sink._run(lambda: threading.current_thread().name) for _ in range(3)}
    assert len(names) == 1
    assert threading.current_thread().name not in names


async def test_the_client_id_is_made_once(path: Path) -> None:
    """The next run, and the next, are the same client to the broker (contract 2)."""
    seen = set()
    for _ in range(3):
        sink = SqliteSink(str(path))
        seen.add(await sink.client_id())
        await sink.close()
    assert len(seen) == 1
    assert seen.pop().startswith("holdfast-ingest-")


async def test_the_last_batch_is_remembered_per_session(sink: SqliteSink, path: Path) -> None:
    """Its number and state are written with its rows; another session begins without."""
    await sink.write(batch(1, "a"))
    await sink.write(batch(2, "b", state="s"))
    assert await sink.open("me") == Memory(2, "s")
    assert await sink.open("other") == Memory()


async def test_a_commit_that_failed_and_happened_is_not_repeated(sink: SqliteSink, path: Path) -> None:
    """The error came after the commit was on disk: written again, the batch is recognised."""
    connection = await sink._run(sink._connection)
    sink._db = CommitsThenFails(connection)  # type: ignore[assignment]
    with pytest.raises(SinkError):
        await sink.write(batch(1, "a", "b"))
    assert await sink.write(batch(1, "a", "b")) == Written(2, 0, 0)
    assert stored(path) == ["a", "b"]


async def test_a_commit_that_failed_is_written_again(sink: SqliteSink, path: Path) -> None:
    """The error came instead of the commit: nothing is stored, the second attempt stores it all."""
    connection = await sink._run(sink._connection)
    sink._db = FailsToCommit(connection)  # type: ignore[assignment]
    with pytest.raises(SinkError):
        await sink.write(batch(1, "a"))
    assert stored(path) == []
    assert await sink.write(batch(1, "a")) == Written(1, 0, 0)
    assert stored(path) == ["a"]


async def test_a_unique_index_makes_repeats_harmless(sink: SqliteSink, path: Path) -> None:
    """A row the table holds already is counted, not stored and no error."""
    await sink._run(lambda: sink._connection().execute("CREATE UNIQUE INDEX once ON messages (topic)"))
    await sink.write(batch(1, "a"))
    assert await sink.write(batch(2, "a", "b", "b")) == Written(1, 2, 0)
    assert stored(path) == ["a", "b"]


async def test_a_refused_row_stands_beside_the_table(sink: SqliteSink, path: Path) -> None:
    """A constraint of the user's stops one row, not the batch; the reason is kept with it."""
    trigger = (
        "CREATE TRIGGER no BEFORE INSERT ON messages WHEN new.topic = 'bad'"
        " BEGIN SELECT raise(ABORT, 'not here'); END"
    )
    await sink._run(lambda: sink._connection().execute(trigger))
    assert await sink.write(batch(1, "a", "bad", "b")) == Written(2, 0, 1)
    assert stored(path) == ["a", "b"]
    assert stored(path, "SELECT topic || ': ' || reason FROM messages_quarantine") == ["bad: not here"]


async def test_what_makes_no_row_is_beside_the_table_at_once(sink: SqliteSink, path: Path) -> None:
    """It came in this batch, so it is there with this batch, as it came."""
    refused = Refused(row("bad"), "no number")
    assert await sink.write(batch(1, "a", refused=(refused,))) == Written(1, 0, 1)
    assert await sink.write(batch(2)) == Written(0, 0, 0)
    quarantine = "SELECT topic || ' ' || received || ': ' || reason FROM messages_quarantine"
    assert stored(path, quarantine) == ["bad 2026-11-21T05:00:00.000000Z: no number"]


@pytest.mark.parametrize(("keep", "kept"), [("first", ["1", "1"]), ("last", ["3", "1"])])
async def test_rows_with_one_key_are_one(path: Path, keep: Keep, kept: list[str]) -> None:
    """The key is in the table, so it holds over batches, restarts and other writers."""
    columns = (Column("device", "text"), Column("value", "int"))
    sink = SqliteSink(str(path), Table("last", columns, key=("device",), keep=keep))
    await sink.open("me")
    rows = [("a", 1), ("a", 2), ("b", 1)]
    assert await sink.write(Batch(1, rows, lambda place: row("x"))) == Written(2, 1, 0)
    assert await sink.write(Batch(2, [("a", 3)], lambda place: row("x"))) == Written(0, 1, 0)
    await sink.close()
    assert stored(path, "SELECT value FROM last ORDER BY id") == kept


async def test_a_file_that_is_taken_away_is_made_again(sink: SqliteSink, path: Path) -> None:
    """Rows never go into a file that has no name any more."""
    await sink.write(batch(1, "a"))
    shutil.move(path, path.with_suffix(".old"))
    for rest in path.parent.glob("readings.db-*"):
        rest.unlink()
    await sink.write(batch(2, "b"))
    assert stored(path) == ["b"]


async def test_a_lock_is_an_error_and_then_over(
    sink: SqliteSink, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another program holds the file: one sentence; when it lets go, the same batch is stored."""
    monkeypatch.setattr("holdfast.ingest.sqlite.BUSY_S", 0.05)
    await sink._run(sink._let_go)
    await sink.open("me")
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(SinkError, match="locked") as caught:
            await sink.write(batch(1, "a"))
        other.execute("ROLLBACK")
    assert caught.value.hint == "another program holds a lock on the file"
    assert await sink.write(batch(1, "a")) == Written(1, 0, 0)


async def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    """The sentence names the folder, the hint makes it."""
    sink = SqliteSink(str(tmp_path / "no" / "x.db"))
    with pytest.raises(SinkError, match="there is no folder") as caught:
        await sink.open("me")
    assert "mkdir -p" in str(caught.value.hint)
    await sink.close()


async def test_a_file_that_is_no_database_is_named(path: Path) -> None:
    """It is refused and stays as it is."""
    path.write_text("dear diary, " * 100)  # noqa: ASYNC240
    sink = SqliteSink(str(path))
    with pytest.raises(SinkError, match="not a database") as caught:
        await sink.open("me")
    assert caught.value.hint == "name another file"
    await sink.close()
    assert path.read_text().startswith("dear diary")  # noqa: ASYNC240


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="no folder here that refuses root too")
async def test_a_file_without_rights_is_named() -> None:
    """The hint says whose right is missing; here in a folder where nobody may write."""
    sink = SqliteSink("/proc/readings.db")
    with pytest.raises(SinkError, match="unable to open") as caught:
        await sink.open("me")
    assert "right to write" in str(caught.value.hint)
    await sink.close()


class Wrapped:
    """A connection whose COMMIT ends in a disk error."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self.db = db

    def execute(self, sql: str, *parameters: Any) -> sqlite3.Cursor:
        if sql == "COMMIT":
            self.commit()
            raise sqlite3.OperationalError("disk I/O error")
        return self.db.execute(sql, *parameters)

    def executemany(self, sql: str, many: list[Row]) -> sqlite3.Cursor:
        return self.db.executemany(sql, many)

    def close(self) -> None:
        self.db.close()

    def commit(self) -> None:
        raise NotImplementedError


class CommitsThenFails(Wrapped):
    def commit(self) -> None:
        self.db.execute("COMMIT")


class FailsToCommit(Wrapped):
    def commit(self) -> None:
        self.db.execute("ROLLBACK")
