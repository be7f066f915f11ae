"""Every sink there is, by the database it writes: the contract suite runs over all of them."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

import pytest

from holdfast.ingest.postgres import PostgresSink
from holdfast.ingest.row import Row
from holdfast.ingest.sink import Batch, Refused, Sink
from holdfast.ingest.sqlite import SqliteSink
from holdfast.ingest.table import Table
from tests.support.committing import CommitRelay
from tests.support.postgres import Database

AT = datetime(2026, 11, 21, 5, tzinfo=UTC)


def row(topic: str) -> Row:
    """A message as it came."""
    return (AT, topic, 1, False, "p", None)


def batch(number: int, *topics: str, refused: tuple[Refused, ...] = (), state: str = "") -> Batch:
    """Messages of these topics."""
    return of_rows(number, [row(topic) for topic in topics], refused=refused, state=state)


def of_rows(number: int, rows: Sequence[Row], *, refused: tuple[Refused, ...] = (), state: str = "") -> Batch:
    """These rows; the message of each has its place for a topic."""
    return Batch(number, rows, lambda place: _came(rows[place], place), refused, state)


def _came(values: Row, place: int) -> Row:
    return values if len(values) == 6 and values[0] is AT else row(f"row {place}")


class Place(Protocol):
    """A database with everything that a test does to it beside the sink."""

    def sink(self, table: Table | None = None) -> Sink:
        """Not opened yet."""

    def execute(self, sql: str) -> list[tuple[Any, ...]]:
        """On a connection of its own."""

    def refuse(self, topic: str) -> None:
        """From now on the table ``messages`` refuses rows of this topic: 'not here'."""

    def break_commit(self, sink: Sink, *, happened: bool) -> None:
        """The next COMMIT ends in an error, in the database's place or behind it."""

    def away(self) -> AbstractAsyncContextManager[None]:
        """Meanwhile nothing can be written."""

    @property
    def address(self) -> str:
        """What a process of its own opens."""


class SqlitePlace:
    """A file."""

    def __init__(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.address = str(path)
        self._monkeypatch = monkeypatch

    def sink(self, table: Table | None = None) -> SqliteSink:
        return SqliteSink(self.address, table)

    def execute(self, sql: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.address, isolation_level=None)) as db:
            return db.execute(sql).fetchall()

    def refuse(self, topic: str) -> None:
        self.execute(
            f"CREATE TRIGGER no BEFORE INSERT ON messages WHEN new.topic = '{topic}'"
            " BEGIN SELECT raise(ABORT, 'not here'); END"
        )

    def break_commit(self, sink: Sink, *, happened: bool) -> None:
        assert isinstance(sink, SqliteSink)
        opened = sink._opened
        assert opened is not None
        assert opened.db is not None
        opened.db = _Failing(opened.db, "COMMIT" if happened else "ROLLBACK")  # type: ignore[assignment]

    @asynccontextmanager
    async def away(self) -> AsyncIterator[None]:
        self._monkeypatch.setattr("holdfast.ingest.sqlite_opened.BUSY_S", 0.05)
        with closing(sqlite3.connect(self.address, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            yield
            other.execute("ROLLBACK")


class _Failing:
    """A connection whose COMMIT ends in a disk error."""

    def __init__(self, db: sqlite3.Connection, instead: str) -> None:
        self._db = db
        self._instead = instead

    def execute(self, sql: str, *parameters: Any) -> sqlite3.Cursor:
        if sql == "COMMIT":
            self._db.execute(self._instead)
            raise sqlite3.OperationalError("disk I/O error")
        return self._db.execute(sql, *parameters)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._db, name)


class PostgresPlace:
    """A database of a real server, by way of a relay that knows a COMMIT when it sees one."""

    def __init__(self, database: Database, relay: CommitRelay) -> None:
        self._database = database
        self._relay = relay
        self.address = database.url

    def sink(self, table: Table | None = None) -> PostgresSink:
        return PostgresSink(self._database.through(self._relay.port), table)

    def execute(self, sql: str) -> list[tuple[Any, ...]]:
        return self._database.execute(sql)

    def refuse(self, topic: str) -> None:
        self.execute(
            "CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
            f" IF new.topic = '{topic}' THEN RAISE EXCEPTION 'not here'; END IF; RETURN new; END $$;"
            " CREATE TRIGGER no BEFORE INSERT ON messages FOR EACH ROW EXECUTE FUNCTION no()"
        )

    def break_commit(self, sink: Sink, *, happened: bool) -> None:
        self._relay.cut(behind=happened)

    @asynccontextmanager
    async def away(self) -> AsyncIterator[None]:
        await asyncio.to_thread(self._database.server.stop)
        yield
        await asyncio.to_thread(self._database.server.start)
