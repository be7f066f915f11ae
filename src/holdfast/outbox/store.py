"""The file as its writer sees it: one group of rows and records, one transaction.

Rows go in first, then records have their effects (see ``effects``), then what ended is deleted. The
counters change in the transaction that changes the rows, so contract 7 holds at every commit.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator

from holdfast.messages import HIGH, LOW, NORMAL, Outgoing
from holdfast.outbox import sessions, sqlite_file, tables
from holdfast.outbox.changes import Change
from holdfast.outbox.effects import Effects
from holdfast.outbox.flight import RELEASED, SENT, Flight, runs
from holdfast.outbox.intake_effects import Left
from holdfast.outbox.keys import span
from holdfast.outbox.rows import SELECT, RowCodec
from holdfast.outbox.sqlite_file import Durability
from holdfast.outbox.steps import EMPTIED, ENDED, Steps, prepare
from holdfast.outbox.tables import RECEIVED, WITHHELD, Books
from holdfast.protocol import Restored


class Group:
    """What one commit writes: rows first, then records in drain order."""

    __slots__ = ("last", "left", "number", "records", "rows", "size", "urgent")

    def __init__(self, number: int) -> None:
        self.number = number
        self.rows: list[Outgoing] = []
        self.records: list[Change] = []
        self.last = self.size = 0
        self.urgent = False
        self.left: Left = []  # messages that came in, and are kept no more with this commit


class Store:
    """One file. Everything here happens on one thread at a time, and raises sqlite3.Error."""

    def __init__(self, path: str, durability: Durability, codec: RowCodec) -> None:
        self._path = path
        self._durability: Durability = durability
        self._codec = codec
        self._db: sqlite3.Connection | None = None
        self._known: int | None = None  # the last sequence number that was not given in this process
        self.on_left: Callable[[Left], None] = lambda left: None
        self._moving: tuple[int, float] | None = None  # the commit that moves outbox time, and how far

    def open(self) -> None:
        """Open the file, and read what is needed to go on; again after an error (contract 12)."""
        self.close()
        self._db = db = sqlite_file.connect(self._path, self._durability)
        prepare(db)
        self.books: Books = tables.read_books(db)
        self._moved()
        if self._known is None:
            self._known = self.books.last
        self.flight = Flight(tables.read_flight(db))
        self._effects = Effects(self.flight)
        named = self.flight.named()
        self.flight.end(set(named).difference(self._existing(db, named)))

    def _existing(self, db: sqlite3.Connection, keys: list[int]) -> Iterator[int]:
        for first, last in runs(keys):
            for (key,) in db.execute("SELECT id FROM message WHERE id BETWEEN ? AND ?", (first, last)):
                yield key

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
        if self._db is not None and self.books.accepted == self.books.ended and not self._keeps():
            (left,) = self._db.execute("PRAGMA freelist_count").fetchone()
            if left:  # dead letters may remain, and are not to be copied for nothing
                self._db.execute("VACUUM")
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def _keeps(self) -> bool:
        assert self._db is not None
        return self._db.execute("SELECT 1 FROM inbound LIMIT 1").fetchone() is not None

    def restored(self) -> Restored:
        """What was in flight when the file was opened, rows read afresh."""
        assert self._db is not None
        found: dict[int, list[tuple[int, Outgoing]]] = {SENT: [], RELEASED: []}
        for key, (stage, packet_id) in self.flight.places().items():
            columns = self._db.execute(f"{SELECT} WHERE id = ?", (key,)).fetchone()
            found[stage].append((packet_id, self._codec.row(columns)))
        received, withheld = (tables.read_ids(self._db, kind) for kind in (RECEIVED, WITHHELD))
        meta, books = tables.read_meta(self._db), self.books
        group = str(meta.get("group") or "")
        return Restored(
            *(books.epoch, found[SENT], found[RELEASED], received, withheld, books.packet_id),
            lost="restored" in meta,
            group=group,
            unreleased=sessions.unreleased(self._db, group),
            elsewhere=sessions.elsewhere(self._db),
        )

    def begin_epoch(self) -> None:
        """What is in flight is stale: it is unsent again, and the session will begin anew (contract 26).

        ``restored`` stands until the session has: not before its EpochBegan may a session be resumed.
        """
        assert self._db is not None
        with tables.transaction(self._db):
            self._effects.begin_epoch(self._db, self.books.epoch + 1, self.books)
            sessions.distrust(self._db)
            tables.write_books(self._db, self.books)

    # -- a commit ----------------------------------------------------------------------------

    def commit(self, group: Group) -> None:
        """All of it or nothing. After an error the file must be opened again."""
        db, before, timeline = self._db, self.books, self._codec.timeline
        if db is None:
            raise sqlite3.ProgrammingError("the file is not open")
        self.books = books = before.copy()
        books.at, books.wall = timeline.now(), timeline.wall()
        steps = Steps(db)
        steps.messages(self._codec.flat(group.rows))
        self._effects.apply(steps, group.records, books)
        self._delete(steps)
        slept = timeline.slept
        if slept:
            self._move(steps, slept)
        books.accepted += len(group.rows)
        books.last = max(books.last, group.last)
        books.commits = group.number
        steps.books(books)
        self._moving = None if slept is None else (group.number, slept)
        group.left = self._effects.intake.take_left()
        steps.commit()
        self._moved()

    def _moved(self) -> None:
        """Outbox time moves with the commit that says so, also where only the file could tell of it."""
        moving, self._moving = self._moving, None
        if moving is not None and self.books.commits >= moving[0]:
            self._codec.timeline.move(moving[1])

    def _delete(self, steps: Steps) -> None:
        """The rows that ended, and the lines of ``flight`` that nobody stands in any more."""
        ended, self._effects.ended = sorted(self._effects.ended), []
        steps.pairs(ENDED, runs(ended))
        emptied, self.flight.emptied = sorted(self.flight.emptied), []
        steps.pairs(EMPTIED, runs(emptied))

    def _move(self, steps: Steps, slept: float) -> None:
        """Outbox time is moved on: rows accepted since opening did not age meanwhile."""
        steps.begin()
        self.books.at += slept
        for priority in (LOW, NORMAL, HIGH):
            steps.db.execute(
                "UPDATE message SET accepted_at = accepted_at + ?, expires_at = expires_at + ?"
                " WHERE id BETWEEN ? AND ?",
                (slept, slept, *span(priority, self._known or 0)),
            )
