"""The file as its writer sees it: one group of rows and records, one transaction.

What a record does (the stages of a row are those of ``testing.simulator.disk``):

===========  ================================================================================
Assigned     a line in ``flight``: these rows are sent, under these identifiers
Released     a line in ``flight``: of these rows only PUBREL is sent from now on
Received     identifiers into ``ids``; Forgotten takes them out again
EpochBegan   ``flight`` and ``ids`` are emptied; QoS 2 rows that were in flight are uncertain
Settled      the rows are deleted and counted under their ending
Failed       as Settled, under ``failed``; a withheld identifier goes into ``ids``
===========  ================================================================================

The counters change in the transaction that changes the rows, so contract 7 holds at every commit.
The interpreter lets other threads run with each statement, and a busy one gives way only after
milliseconds: so rows go in by many at a time, and out by ranges.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from holdfast.messages import Outgoing
from holdfast.outbox import sqlite_file, tables
from holdfast.outbox.flight import RELEASED, SENT, Flight, Line, runs
from holdfast.outbox.rows import COLUMNS, SELECT, RowCodec
from holdfast.outbox.sqlite_file import Durability
from holdfast.outbox.tables import RECEIVED, WITHHELD, Books
from holdfast.protocol import (
    Assigned,
    EpochBegan,
    Failed,
    Forgotten,
    Received,
    Record,
    Released,
    Restored,
    Settled,
)

AT_ONCE = (256, 16, 1)
"""Rows in one INSERT: the largest that fits, then the next; each is prepared once and kept."""

_ONE = f"({', '.join('?' * len(COLUMNS))})"
_INSERTS = {many: f"INSERT INTO message VALUES {', '.join([_ONE] * many)}" for many in AT_ONCE}


class Group:
    """What one commit writes: rows first, then records in drain order."""

    __slots__ = ("last", "number", "records", "rows", "size", "urgent")

    def __init__(self, number: int) -> None:
        self.number = number
        self.rows: list[Outgoing] = []
        self.records: list[Record] = []
        self.last = self.size = 0
        self.urgent = False


class Store:
    """One file. Everything here happens on one thread at a time, and raises sqlite3.Error."""

    def __init__(self, path: str, durability: Durability, codec: RowCodec) -> None:
        self._path = path
        self._durability: Durability = durability
        self._codec = codec
        self._db: sqlite3.Connection | None = None
        self._apply: dict[type, Callable[[sqlite3.Connection, Any], None]] = {
            Assigned: self._assigned,
            Released: self._released,
            Received: self._received,
            Forgotten: self._forgotten,
            EpochBegan: self._epoch_began,
            Settled: self._settled,
            Failed: self._failed,
        }

    def open(self) -> None:
        """Open the file, and read what is needed to go on; again after an error (contract 12)."""
        self.close()
        self._ended: list[int] = []
        self._db = db = sqlite_file.connect(self._path, self._durability)
        self.books: Books = tables.read_books(db)
        self.flight = Flight(db.execute("SELECT number, stage, entries FROM flight ORDER BY number"))
        there = set(self._existing(db))
        for seq in [seq for seq in self.flight if seq not in there]:
            self.flight.end(seq)

    def _existing(self, db: sqlite3.Connection) -> Iterator[int]:
        for first, last in runs(sorted(self.flight)):
            for (seq,) in db.execute("SELECT seq FROM message WHERE seq BETWEEN ? AND ?", (first, last)):
                yield seq

    def close(self) -> None:
        """Let go of the file; what was not committed is not in it."""
        db, self._db = self._db, None
        if db is not None:
            db.close()

    def empty_log(self) -> None:
        """Write the log into the file, so that it begins anew; its room it keeps, lest others take it."""
        assert self._db is not None
        self._db.execute("PRAGMA wal_checkpoint(RESTART)").fetchall()

    def shrink(self) -> None:
        """Give back the room that ended messages left; only when none is pending, as it is cheap then."""
        if self._db is not None and self.books.accepted == self.books.ended:
            self._db.execute("VACUUM")
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def restored(self) -> Restored:
        """What was in flight when the file was opened, rows read afresh."""
        assert self._db is not None
        found: dict[int, list[tuple[int, Outgoing]]] = {SENT: [], RELEASED: []}
        for seq, (stage, packet_id) in self.flight.places().items():
            columns = self._db.execute(f"{SELECT} WHERE seq = ?", (seq,)).fetchone()
            found[stage].append((packet_id, self._codec.row(columns)))
        received, withheld = (tables.read_ids(self._db, kind) for kind in (RECEIVED, WITHHELD))
        books = self.books
        return Restored(books.epoch, found[SENT], found[RELEASED], received, withheld, books.packet_id)

    # -- a commit ----------------------------------------------------------------------------

    def commit(self, group: Group) -> None:
        """All of it or nothing. After an error the file must be opened again."""
        db, before = self._db, self.books
        if db is None:
            raise sqlite3.ProgrammingError("the file is not open")
        self.books = books = before.copy()
        db.execute("BEGIN IMMEDIATE")
        self._insert(db, group.rows)
        for record in group.records:
            self._apply[type(record)](db, record)
        self._delete(db)
        books.accepted += len(group.rows)
        books.last = max(books.last, group.last)
        books.commits = group.number
        tables.write_books(db, books)
        db.execute("COMMIT")

    def _insert(self, db: sqlite3.Connection, rows: Sequence[Outgoing]) -> None:
        flat, place, width = self._codec.flat(rows), 0, len(COLUMNS)
        for many in AT_ONCE:
            while len(flat) - place >= many * width:
                db.execute(_INSERTS[many], flat[place : place + many * width])
                place += many * width

    def _delete(self, db: sqlite3.Connection) -> None:
        """The rows that ended, and the lines of ``flight`` that nobody stands in any more."""
        ended, self._ended = sorted(self._ended), []
        _each(db, "DELETE FROM message WHERE seq BETWEEN ? AND ?", runs(ended))
        emptied, self.flight.emptied = sorted(self.flight.emptied), []
        _each(db, "DELETE FROM flight WHERE number BETWEEN ? AND ?", runs(emptied))

    # -- records -----------------------------------------------------------------------------

    def _assigned(self, db: sqlite3.Connection, record: Assigned) -> None:
        if not record.rows:
            return
        _line(db, self.flight.add(SENT, [(packet_id, row.seq) for packet_id, row in record.rows]))
        self.books.packet_id = record.rows[-1][0]

    def _released(self, db: sqlite3.Connection, record: Released) -> None:
        if record.packet_ids:
            _line(db, self.flight.add(RELEASED, self.flight.seqs(record.packet_ids)))

    def _received(self, db: sqlite3.Connection, record: Received) -> None:
        _hold(db, RECEIVED, record.packet_ids)

    def _forgotten(self, db: sqlite3.Connection, record: Forgotten) -> None:
        gone = [(RECEIVED, packet_id) for packet_id in record.packet_ids]
        _each(db, "DELETE FROM ids WHERE kind = ? AND packet_id = ?", gone)

    def _epoch_began(self, db: sqlite3.Connection, record: EpochBegan) -> None:
        uncertain = "UPDATE message SET uncertain = 1 WHERE seq BETWEEN ? AND ? AND qos = 2"
        _each(db, uncertain, runs(self.flight.clear()))
        db.execute("DELETE FROM flight")
        db.execute("DELETE FROM ids")
        self.books.epoch = record.number

    def _settled(self, db: sqlite3.Connection, record: Settled) -> None:
        self._end(record.rows, record.ending)

    def _failed(self, db: sqlite3.Connection, record: Failed) -> None:
        self._end((record.row,), "failed")
        if record.withheld:
            _hold(db, WITHHELD, [record.withheld])

    def _end(self, rows: Sequence[Outgoing], ending: str) -> None:
        books, end, ended = self.books, self.flight.end, self._ended
        setattr(books, ending, getattr(books, ending) + len(rows))
        for row in rows:
            end(row.seq)
            ended.append(row.seq)


def _each(db: sqlite3.Connection, statement: str, arguments: Sequence[Sequence[int]]) -> None:
    if arguments:
        db.executemany(statement, arguments)


def _line(db: sqlite3.Connection, line: Line) -> None:
    """Into ``flight``."""
    db.execute("INSERT INTO flight VALUES (?, ?, ?)", line)


def _hold(db: sqlite3.Connection, kind: int, packet_ids: Sequence[int]) -> None:
    held = [(kind, packet_id) for packet_id in packet_ids]
    _each(db, "INSERT OR IGNORE INTO ids VALUES (?, ?)", held)
