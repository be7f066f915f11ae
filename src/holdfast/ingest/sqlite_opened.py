"""A SQLite file as a sink has it, on one thread: batches in, each as one transaction.

WAL with ``synchronous=FULL``: a commit that returned survives a power cut. After any error the
file is closed and opened again before the next attempt, because after a failed fsync nobody
knows what the old handle believes. How the failed commit ended is then read from the file: the
number of the last batch is written with its rows.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Lock
from typing import TypeVar
from uuid import uuid4

from holdfast.ingest import sqlite_schema as schema
from holdfast.ingest.errors import SinkError
from holdfast.ingest.row import Row
from holdfast.ingest.sink import Batch, Memory, Refused, Written
from holdfast.ingest.table import Table
from holdfast.outbox.kinds import irregular

T = TypeVar("T")

BUSY_S = 3.0
"""So long a transaction waits for those of others. SQLite's waiting is no queue: of four workers that write
without a pause one waited for 1.8 s."""

_OPENING = Lock()
"""Two that make one file's log at once do not wait for each other, as SQLite does else: one of them fails."""

_OF_THE_ROW = (sqlite3.IntegrityError, sqlite3.DataError, OverflowError, UnicodeEncodeError)
"""A constraint refuses it, or no file could hold it: no attempt will ever store it."""


class Opened:
    """From the first call to ``close`` of a sink; all but ``over`` on ``thread``.

    ``over``: the sink is closed. A write may still wait for a lock then, of which nobody hears any more: it
    must not be done behind the next run's back.
    """

    def __init__(self, path: str, table: Table) -> None:
        self.target = path
        self._table = table
        self._insert = schema.insert(table)
        self.thread = ThreadPoolExecutor(1, "holdfast-sqlite")
        self.db: sqlite3.Connection | None = None
        self._file: tuple[int, int] | None = None
        self._session = ""
        self._doubtful: Written | None = None
        self.over = False

    def guarded(self, call: Callable[[Opened], T]) -> T:
        """What this gives. Raises SinkError; the file is opened again then."""
        try:
            return call(self)
        except sqlite3.Error as error:
            self.let_go()
            raise schema.refused(error, self.target) from error

    def let_go(self) -> None:
        """Until the next call."""
        db, self.db = self.db, None
        if db is not None:
            db.close()

    def connection(self) -> sqlite3.Connection:
        """The open file; opened again after an error, or when another file has taken its name."""
        if self.db is not None and self._file != _identity(self.target):
            self.let_go()
        if self.db is None:
            self.db = self._connect()
            self._file = _identity(self.target)
        return self.db

    def _connect(self) -> sqlite3.Connection:
        _check_folder(self.target)
        _check_kind(self.target)
        with _OPENING:
            return self._prepared(sqlite3.connect(self.target, timeout=BUSY_S, isolation_level=None))

    def _prepared(self, db: sqlite3.Connection) -> sqlite3.Connection:
        try:
            db.execute("PRAGMA journal_mode=WAL")
            db.execute("PRAGMA synchronous=FULL")
            schema.prepare(db, self.target, self._table)
        except BaseException:
            db.close()
            raise
        return db

    def client_id(self) -> str:
        """See ``SqliteSink``."""
        db = self.connection()
        made = f"holdfast-ingest-{uuid4().hex[:12]}"
        db.execute("INSERT INTO holdfast VALUES ('client_id', ?) ON CONFLICT DO NOTHING", (made,))
        return str(schema.recall(db, "client_id"))

    def remember(self, session: str) -> Memory:
        """What is remembered of this session, which batches are of from now on."""
        self._session = session
        return self._memory()

    def _memory(self) -> Memory:
        db = self.connection()
        number, state = (schema.recall(db, key) for key in self._keys)
        return Memory(int(number or 0), str(state or ""))

    @property
    def _keys(self) -> tuple[str, str]:
        return f"last_batch {self._session}", f"state {self._session}"

    def write(self, batch: Batch) -> Written:
        """See ``Sink``."""
        db = self.connection()
        if self._doubtful is not None and self._memory().number == batch.number:
            written, self._doubtful = self._doubtful, None  # the commit that failed had happened
            return written
        self._doubtful = None
        db.execute("BEGIN IMMEDIATE")
        written = self._insert_all(db, batch)
        number, state = self._keys
        schema.remember(db, number, batch.number)
        schema.remember(db, state, batch.state)
        if self.over:  # the next run has read already what there is
            db.execute("ROLLBACK")
            raise SinkError(f"{self.target} was closed", target=self.target)
        self._doubtful = written
        db.execute("COMMIT")
        self._doubtful = None
        return written

    def _insert_all(self, db: sqlite3.Connection, batch: Batch) -> Written:
        newest = schema.newest(db, self._table)
        refused = list(batch.refused)
        db.execute("SAVEPOINT rows")
        try:
            db.executemany(self._insert, map(schema.plain, batch.rows))
        except _OF_THE_ROW:
            newest, reasons = self._insert_those_that_fit(db, batch)
            refused += [Refused(batch.as_it_came(place), reason) for place, reason in reasons.items()]
        if refused:
            schema.quarantine(db, self._table, refused)
        stored = schema.count_above(db, self._table, newest)
        return Written(stored, len(batch.rows) + len(batch.refused) - stored - len(refused), len(refused))

    def _insert_those_that_fit(self, db: sqlite3.Connection, batch: Batch) -> tuple[int, dict[int, str]]:
        """A row in the batch is refused: find it, and let the others in.

        The highest id before them, and why the rows at these places are refused.
        """
        fatal: dict[int, str] = {}
        while True:
            db.execute("ROLLBACK TO rows" if db.in_transaction else "BEGIN IMMEDIATE")
            newest = schema.newest(db, self._table)  # between two transactions others may have written
            refused = self._insert_each(db, batch, fatal)
            if db.in_transaction:
                return newest, dict(sorted((fatal | refused).items()))

    def _insert_each(self, db: sqlite3.Connection, batch: Batch, fatal: dict[int, str]) -> dict[int, str]:
        """All but those that are ``fatal``: a row whose refusal ends the transaction, with all before it.

        One more of them is added to these, and ends the attempt.
        """
        refused: dict[int, str] = {}
        for place, row in enumerate(batch.rows):
            reason = None if place in fatal else self._refusal(db, row)
            if reason is not None and not db.in_transaction:
                fatal[place] = reason
                break
            if reason is not None:
                refused[place] = reason
        return refused

    def _refusal(self, db: sqlite3.Connection, row: Row) -> str | None:
        """Why this row is not in now; None: it is, or one with its key."""
        db.execute("SAVEPOINT one")
        try:
            db.execute(self._insert, schema.plain(row))
        except _OF_THE_ROW as error:
            if db.in_transaction:
                db.execute("ROLLBACK TO one")  # RAISE(FAIL) leaves what the trigger did, and the row
                db.execute("RELEASE one")
            return str(error)
        db.execute("RELEASE one")
        return None


def _check_kind(target: str) -> None:
    kind = irregular(target)
    if kind is not None:
        raise SinkError(
            f"{target} cannot be opened: it is {kind}, and no file", target=target, hint="name another one"
        )


def _check_folder(target: str) -> None:
    folder = Path(target).parent
    try:
        there = folder.is_dir()
    except OSError as error:
        raise SinkError(
            f"{target} cannot be opened: the folder {folder}: {error.strerror}",
            target=target,
            hint="name a file in a folder that this user can enter",
        ) from error
    if not there:
        raise SinkError(
            f"{target} cannot be opened: there is no folder {folder}",
            target=target,
            hint=f"make it: mkdir -p {folder}",
        )


def _identity(path: str) -> tuple[int, int] | None:
    """Which file has this name now; None: there is none."""
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_dev, status.st_ino
