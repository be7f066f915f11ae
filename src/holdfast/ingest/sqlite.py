"""Rows into a SQLite file: one transaction per batch, on a thread of its own.

WAL with ``synchronous=FULL``: a commit that returned survives a power cut. After any error the
file is closed and opened again before the next attempt, because after a failed fsync nobody
knows what the old handle believes. How the failed commit ended is then read from the file: the
number of the last batch is written with its rows.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar
from uuid import uuid4

from holdfast.ingest import sqlite_schema as schema
from holdfast.ingest.errors import SinkError
from holdfast.ingest.row import COLUMNS, Row
from holdfast.ingest.sink import Batch, Written

T = TypeVar("T")

BUSY_S = 1.0


class SqliteSink:
    """A ``Sink`` on one table of one file."""

    def __init__(self, path: str, *, table: str = "messages", captures: Sequence[str] = ()) -> None:
        """``captures``: the columns beside the fixed ones. Opens nothing yet."""
        self.target = path
        self._table = table
        self._captures = tuple(captures)
        self._insert = schema.insert(table, captures)
        self._thread = ThreadPoolExecutor(1, "holdfast-sqlite")
        self._db: sqlite3.Connection | None = None
        self._file: tuple[int, int] | None = None
        self._session = ""
        self._doubtful: Written | None = None

    async def client_id(self) -> str:
        """The client id of this file: made once, kept in it (contract 2). Raises SinkError."""
        return await self._run(self._client_id)

    async def open(self, session: str) -> int:
        """See ``Sink``."""
        self._session = session
        return await self._run(self._last_batch)

    async def write(self, batch: Batch) -> Written:
        """See ``Sink``."""
        return await self._run(lambda: self._write(batch))

    async def close(self) -> None:
        """See ``Sink``."""
        await self._run(self._let_go)
        self._thread.shutdown(wait=False)

    # -- on the thread -----------------------------------------------------------------------

    async def _run(self, call: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._guarded, call)

    def _guarded(self, call: Callable[[], T]) -> T:
        try:
            return call()
        except sqlite3.Error as error:
            self._let_go()
            raise schema.refused(error, self.target) from error

    def _let_go(self) -> None:
        db, self._db = self._db, None
        if db is not None:
            db.close()

    def _connection(self) -> sqlite3.Connection:
        """The open file; opened again after an error, or when another file has taken its name."""
        if self._db is not None and self._file != _identity(self.target):
            self._let_go()
        if self._db is None:
            self._db = self._connect()
            self._file = _identity(self.target)
        return self._db

    def _connect(self) -> sqlite3.Connection:
        folder = Path(self.target).parent
        if not folder.is_dir():
            raise SinkError(
                f"{self.target} cannot be opened: there is no folder {folder}",
                target=self.target,
                hint=f"make it: mkdir -p {folder}",
            )
        db = sqlite3.connect(self.target, timeout=BUSY_S, isolation_level=None)
        try:
            db.execute("PRAGMA journal_mode=WAL")
            db.execute("PRAGMA synchronous=FULL")
            schema.prepare(db, self.target, self._table, self._captures)
        except BaseException:
            db.close()
            raise
        return db

    def _client_id(self) -> str:
        db = self._connection()
        made = f"holdfast-ingest-{uuid4().hex[:12]}"
        db.execute("INSERT INTO holdfast VALUES ('client_id', ?) ON CONFLICT DO NOTHING", (made,))
        return str(schema.recall(db, "client_id"))

    def _last_batch(self) -> int:
        return int(schema.recall(self._connection(), self._key) or 0)

    @property
    def _key(self) -> str:
        return f"last_batch {self._session}"

    def _write(self, batch: Batch) -> Written:
        db = self._connection()
        if self._doubtful is not None and self._last_batch() == batch.number:
            written, self._doubtful = self._doubtful, None  # the commit that failed had happened
            return written
        self._doubtful = None
        db.execute("BEGIN IMMEDIATE")
        written = self._insert_all(db, batch.rows)
        schema.remember(db, self._key, batch.number)
        self._doubtful = written
        db.execute("COMMIT")
        self._doubtful = None
        return written

    def _insert_all(self, db: sqlite3.Connection, rows: Sequence[Row]) -> Written:
        db.execute("SAVEPOINT rows")
        try:
            stored = db.executemany(self._insert, rows).rowcount
        except sqlite3.IntegrityError:
            db.execute("ROLLBACK TO rows")
            return self._insert_each(db, rows)
        return Written(stored, len(rows) - stored, 0)

    def _insert_each(self, db: sqlite3.Connection, rows: Sequence[Row]) -> Written:
        """A row in the batch breaks a constraint of the user's: find it, and let the others in."""
        stored = quarantined = 0
        for row in rows:
            try:
                stored += db.execute(self._insert, row).rowcount
            except sqlite3.IntegrityError as error:
                db.execute(schema.create_quarantine(self._table))
                refused = (*row[: len(COLUMNS)], str(error))
                db.execute(schema.insert_quarantine(self._table), refused)
                quarantined += 1
        return Written(stored, len(rows) - stored - quarantined, quarantined)


def _identity(path: str) -> tuple[int, int] | None:
    """Which file has this name now; None: there is none."""
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_dev, status.st_ino
