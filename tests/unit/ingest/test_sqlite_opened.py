"""What happens on the thread of a SQLite sink. The sink itself is in test_sqlite.py."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from holdfast.ingest.errors import SinkError
from holdfast.ingest.sink import Memory, Written
from holdfast.ingest.sqlite import SqliteSink
from holdfast.ingest.sqlite_opened import Opened
from holdfast.ingest.table import Table
from tests.contracts.sinks import batch


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "readings.db")


@pytest.fixture
def other(path: str) -> Iterator[sqlite3.Connection]:
    """Somebody else who writes."""
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        yield db


def test_an_error_closes_the_file_until_the_next_call(path: str) -> None:
    """Nobody knows what the old handle believes."""
    opened = Opened(path, Table())
    assert opened.remember("me") == Memory()
    with pytest.raises(SinkError, match="no such table"):
        opened.guarded(lambda one: one.connection().execute("SELECT * FROM nowhere"))
    assert opened.db is None
    assert opened.guarded(lambda one: one.write(batch(1, "a"))) == Written(1, 0, 0)
    opened.let_go()


def test_what_is_closed_commits_nothing(path: str) -> None:
    """Also if it has come as far as that."""
    opened = Opened(path, Table())
    opened.remember("me")
    opened.over = True
    with pytest.raises(SinkError, match="was closed"):
        opened.write(batch(1, "a"))
    opened.over = False
    assert opened.remember("me") == Memory()
    opened.let_go()


async def test_a_write_that_waits_for_a_lock_is_not_done_behind_the_next_run(
    path: str, other: sqlite3.Connection
) -> None:
    """A stop has left it: the next run reads that the batch is not there, and writes it once."""
    sink = SqliteSink(path)
    await sink.open("me")
    other.execute("BEGIN IMMEDIATE")
    writing = asyncio.create_task(sink.write(batch(1, "a")))
    await asyncio.sleep(0)
    writing.cancel()
    closing_it = asyncio.create_task(sink.close())
    await asyncio.sleep(0)
    other.execute("ROLLBACK")
    await closing_it
    assert await sink.open("me") == Memory()
    assert await sink.write(batch(1, "a")) == Written(1, 0, 0)
    await sink.close()
    assert other.execute("SELECT topic FROM messages").fetchall() == [("a",)]
