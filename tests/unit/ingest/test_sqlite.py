"""Rows into a real SQLite file. What every sink promises is held by tests/contracts/test_sink.py."""

from __future__ import annotations

import asyncio
import os
import shutil
import sqlite3
import threading
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from holdfast.ingest.errors import SinkError
from holdfast.ingest.sink import Memory, Refused, Written
from holdfast.ingest.sqlite import SqliteSink
from holdfast.ingest.table import Column, Table
from holdfast.testing import eventually
from tests.contracts.sinks import batch, of_rows, row
from tests.support.turns import turns


def stored(path: Path, sql: str = "SELECT topic FROM messages ORDER BY id") -> list[str]:
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
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


async def test_the_file_is_written_for_power_cuts(sink: SqliteSink, path: Path) -> None:
    """WAL stays with the file; every commit of this connection is synced."""
    assert stored(path, "PRAGMA journal_mode") == ["wal"]
    assert await sink._run(lambda opened: opened.connection().execute("PRAGMA synchronous").fetchone()) == (
        2,
    )


async def test_the_loop_never_touches_the_disk(sink: SqliteSink) -> None:
    """All calls run on one thread of the sink's own."""
    names = {await sink._run(lambda _: threading.current_thread().name) for _ in range(3)}
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


async def test_a_file_that_is_taken_away_is_made_again(sink: SqliteSink, path: Path) -> None:
    """Rows never go into a file that has no name any more."""
    await sink.write(batch(1, "a"))
    shutil.move(path, path.with_suffix(".old"))
    for rest in path.parent.glob("readings.db-*"):
        rest.unlink()
    await sink.write(batch(2, "b"))
    assert stored(path) == ["b"]


async def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    """The sentence names the folder, the hint makes it."""
    sink = SqliteSink(str(tmp_path / "no" / "x.db"))
    with pytest.raises(SinkError, match="there is no folder") as caught:
        await sink.open("me")
    assert "mkdir -p" in str(caught.value.hint)
    await sink.close()


async def test_a_folder_that_cannot_be_looked_at_is_named(tmp_path: Path) -> None:
    """A name that no file system takes is told like any other mistake."""
    sink = SqliteSink(str(tmp_path / ("n" * 300) / "x.db"))
    with pytest.raises(SinkError, match=r"x\.db cannot be opened: the folder .*too long") as caught:
        await sink.open("me")
    assert caught.value.hint
    await sink.close()


TOPICS = ["a", "bad", "b", "worse", "bad", "c"]

ENDING = (
    "CREATE TRIGGER no BEFORE INSERT ON messages WHEN new.topic = 'bad' BEGIN SELECT raise({}, 'no'); END"
)


@pytest.mark.parametrize("how", ["ABORT", "FAIL", "ROLLBACK"])
@pytest.mark.parametrize("when", ["BEFORE", "AFTER"])
async def test_a_trigger_refuses_a_row_however_it_says_so(
    sink: SqliteSink, path: Path, how: str, when: str
) -> None:
    """Even where SQLite ends the transaction with it, or keeps the row: the others are in, in order."""
    trigger = ENDING.format(how).replace("BEFORE", when)
    stored(path, trigger)
    stored(path, trigger.replace("no ", "none ").replace("'bad'", "'worse'").replace(how, "ABORT"))
    refused = (Refused(row("never"), "no number"),)
    assert await sink.write(batch(1, *TOPICS, refused=refused, state="s")) == Written(3, 0, 4)
    assert stored(path) == ["a", "b", "c"]
    aside = stored(path, "SELECT topic FROM messages_quarantine ORDER BY id")
    assert aside == ["never", "bad", "worse", "bad"]
    assert await sink.open("me") == Memory(1, "s")


async def test_a_column_may_end_the_transaction(path: Path) -> None:
    """NOT NULL ON CONFLICT ROLLBACK in a table of the user's."""
    stored(path, "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT NOT NULL ON CONFLICT ROLLBACK)")
    sink = SqliteSink(str(path), Table("t", (Column("a", "text"),)))
    await sink.open("me")
    assert await sink.write(of_rows(1, [("x",), (None,), ("y",), (None,)])) == Written(2, 0, 2)
    assert stored(path, "SELECT a FROM t ORDER BY id") == ["x", "y"]
    await sink.close()


async def test_rows_of_others_are_not_counted_when_a_batch_begins_again(
    sink: SqliteSink, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the transaction that a row has ended and the next one, another program may write."""
    stored(path, ENDING.format("ROLLBACK"))
    assert sink._opened is not None
    insert_each = sink._opened._insert_each

    def meanwhile(db: sqlite3.Connection, *of: Any) -> dict[int, str]:
        refused = insert_each(db, *of)
        if not db.in_transaction:
            stored(path, "INSERT INTO messages VALUES (NULL, 'x', 'other', 0, 0, 'p', NULL)")
        return refused

    monkeypatch.setattr(sink._opened, "_insert_each", meanwhile)
    assert await sink.write(batch(1, "bad", "a", "bad")) == Written(1, 0, 2)
    assert "other" in stored(path)


async def test_what_is_no_file_is_named(path: Path) -> None:
    """SQLite would look for a database in it."""
    os.mkfifo(path)
    sink = SqliteSink(str(path))
    with pytest.raises(SinkError, match="it is a named pipe, and no file") as caught:
        await sink.open("me")
    assert caught.value.hint == "name another one"
    await sink.close()
    assert path.is_fifo()  # noqa: ASYNC240


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


async def test_a_close_that_is_not_waited_for_happens_all_the_same(path: Path) -> None:
    """A stop that has no time left does not leave the file open behind it."""
    sink = SqliteSink(str(path))
    await sink.open("me")
    closing = asyncio.create_task(sink.close())
    await turns(1)
    closing.cancel()
    await asyncio.gather(closing, return_exceptions=True)
    await eventually(lambda: not path.with_name(path.name + "-wal").exists())
