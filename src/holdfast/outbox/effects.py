"""What a record does to the file (the stages of a row are those of ``testing.simulator.disk``).

============ ================================================================================
Assigned     a line in ``flight``: these rows are sent, under these identifiers
Released     a line in ``flight``: of these rows only PUBREL is sent from now on
Received     identifiers into ``ids``; Forgotten takes them out again
EpochBegan   ``flight`` and ``ids`` are emptied; QoS 2 rows that were in flight are uncertain
GroupEntered as EpochBegan; but ``ids`` change places with those of the other session (``sessions``)
Completed    identifiers out of ``held``
Settled      the rows are deleted and counted under their ending
Failed       as Settled, under ``failed``, and a copy goes into ``dead``; a withheld identifier
             goes into ``ids``
Deferred     a line in ``flight``, where it was in flight: unsent again; its ``tries`` are counted
Parked       as Deferred; and ``parked`` says why. Unparked takes that away
Shed         counted as accepted, and under their ending
Buried       dead letters are deleted. Revived: they are accepted again
Answered     a request has its answer
============ ================================================================================

What came in is told of in ``intake_changes``. Records of one kind that follow each other are applied
together.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from typing import Any

from holdfast.messages import Outgoing
from holdfast.outbox import dead, requests, sessions, tables
from holdfast.outbox.changes import Answered, Buried, Change, Revived, Shed, Unparked
from holdfast.outbox.dead import Letters
from holdfast.outbox.flight import RELEASED, SENT, UNSENT, Entry, Flight, runs
from holdfast.outbox.intake_effects import IntakeEffects
from holdfast.outbox.keys import BASE, key_of, keys_of
from holdfast.outbox.statements import each
from holdfast.outbox.steps import HOLD, RELEASE, Steps
from holdfast.outbox.tables import RECEIVED, WITHHELD, Books
from holdfast.protocol import (
    Assigned,
    Completed,
    Deferred,
    EpochBegan,
    Failed,
    Forgotten,
    GroupEntered,
    Parked,
    Received,
    Released,
    Settled,
)


class Effects:
    """Applies records to the steps of a commit, the books and the lines of ``flight``.

    What is rare has statements of its own, and begins the transaction for them. ``ended`` collects the
    keys of rows to delete, which is done when all records are applied.
    """

    def __init__(self, flight: Flight) -> None:
        self._flight = flight
        self._letters = Letters()
        self.intake = IntakeEffects(self._letters)
        self._books: Books
        self.ended: list[int] = []
        self._usual: dict[type, Callable[[Steps, Sequence[Any]], None]] = {
            Assigned: self._assigned,
            Released: self._released,
            Received: self._received,
            Forgotten: self._forgotten,
            Settled: self._settled,
            Shed: self._shed,
        }
        self._rare: dict[type, Callable[[Steps, Sequence[Any]], None]] = {
            EpochBegan: self._epoch_began,
            GroupEntered: self._group_entered,
            Completed: self._completed,
            Failed: self._failed,
            Deferred: self._deferred,
            Parked: self._parked,
            Unparked: self._unparked,
            Buried: self._buried,
            Revived: self._revived,
            Answered: self._answered,
            **self.intake.by_kind,
        }

    def apply(self, steps: Steps, records: Iterable[Change], books: Books) -> None:
        """These records, in their order."""
        self._books = self.intake.books = books
        for kind, some in groupby(records, type):
            usual = self._usual.get(kind)
            if usual is None:
                steps.begin()
            (usual or self._rare[kind])(steps, list(some))

    # -- in flight ---------------------------------------------------------------------------

    def _assigned(self, steps: Steps, records: Sequence[Assigned]) -> None:
        for record in records:
            if record.rows:
                entries = [(packet_id, row.seq + BASE[row.priority]) for packet_id, row in record.rows]
                self._line(steps, SENT, entries)
                self._books.packet_id = entries[-1][0]

    def _released(self, steps: Steps, records: Sequence[Released]) -> None:
        for record in records:
            if record.packet_ids:
                self._line(steps, RELEASED, self._flight.keys(record.packet_ids))

    def _line(self, steps: Steps, stage: int, entries: Sequence[Entry]) -> None:
        steps.line(*self._flight.add(stage, entries))

    def _received(self, steps: Steps, records: Sequence[Received]) -> None:
        for record in records:
            steps.pairs(HOLD, [(RECEIVED, packet_id) for packet_id in record.packet_ids])

    def _forgotten(self, steps: Steps, records: Sequence[Forgotten]) -> None:
        gone = [(RECEIVED, packet_id) for record in records for packet_id in record.packet_ids]
        steps.pairs(RELEASE, gone)

    def _epoch_began(self, steps: Steps, records: Sequence[EpochBegan]) -> None:
        self.begin_epoch(steps.db, records[-1].number, self._books)
        sessions.complete_all(steps.db)
        tables.write_meta(steps.db, restored=None)

    def begin_epoch(self, db: sqlite3.Connection, number: int, books: Books) -> None:
        """Nothing is in flight any more, and no identifier is in use."""
        self._unsend(db)
        db.execute("DELETE FROM ids")
        books.epoch = number

    def _unsend(self, db: sqlite3.Connection) -> None:
        """What is in flight is unsent again, and QoS 2 uncertain (contract 6)."""
        uncertain = "UPDATE message SET uncertain = 1 WHERE id BETWEEN ? AND ? AND qos = 2"
        each(db, uncertain, runs(self._flight.clear()))
        db.execute("DELETE FROM flight")

    def _group_entered(self, steps: Steps, records: Sequence[GroupEntered]) -> None:
        self._unsend(steps.db)
        for record in records:
            sessions.enter(steps.db, record, self._books)

    def _completed(self, steps: Steps, records: Sequence[Completed]) -> None:
        sessions.complete(steps.db, [packet_id for record in records for packet_id in record.packet_ids])

    # -- endings -----------------------------------------------------------------------------

    def _settled(self, steps: Steps, records: Sequence[Settled]) -> None:
        for record in records:
            self._end(record.rows, record.ending)

    def _shed(self, steps: Steps, records: Sequence[Shed]) -> None:
        for record in records:
            count = len(record.rows)
            setattr(self._books, record.ending, getattr(self._books, record.ending) + count)
            self._accepted(record.rows)

    def _accepted(self, rows: Sequence[Outgoing]) -> None:
        self._books.accepted += len(rows)
        self._books.last = max(self._books.last, *[row.seq for row in rows])

    def _failed(self, steps: Steps, records: Sequence[Failed]) -> None:
        self._end([record.row for record in records], "failed")
        steps.pairs(HOLD, [(WITHHELD, record.withheld) for record in records if record.withheld])
        entries = [self._entry(record) for record in records]
        self._letters.come(steps.db, len(entries), lambda: dead.add(steps.db, entries))

    def _entry(self, record: Failed) -> dead.Entry:
        row = record.row
        reason = dead.sentence(record.reason, record.detail)
        return key_of(row), row.seq, row.priority, self._books.at, record.reason, reason, row.tries

    def _end(self, rows: Sequence[Outgoing], ending: str) -> None:
        setattr(self._books, ending, getattr(self._books, ending) + len(rows))
        keys = keys_of(rows)
        self._flight.end(keys)
        self.ended += keys

    # -- unsent again ------------------------------------------------------------------------

    def _deferred(self, steps: Steps, records: Sequence[Deferred]) -> None:
        self._back(steps, [record.row for record in records])

    def _parked(self, steps: Steps, records: Sequence[Parked]) -> None:
        self._back(steps, [record.row for record in records])
        reasons = [(dead.sentence(one.reason, one.detail), key_of(one.row)) for one in records]
        each(steps.db, "UPDATE message SET parked = ? WHERE id = ?", reasons)

    def _back(self, steps: Steps, rows: Sequence[Outgoing]) -> None:
        flying = [key for key in keys_of(rows) if key in self._flight]
        if flying:
            self._line(steps, UNSENT, [(0, key) for key in flying])
        for tries, some in groupby(rows, lambda row: row.tries):
            ranges = [(tries, *run) for run in runs(sorted(keys_of(some)))]
            each(steps.db, "UPDATE message SET tries = ? WHERE id BETWEEN ? AND ?", ranges)

    def _unparked(self, steps: Steps, records: Sequence[Unparked]) -> None:
        keys = sorted(key for record in records for key in keys_of(record.rows))
        each(steps.db, "UPDATE message SET parked = NULL WHERE id BETWEEN ? AND ?", runs(keys))

    # -- what others look after --------------------------------------------------------------

    def _buried(self, steps: Steps, records: Sequence[Buried]) -> None:
        dead.remove(steps.db, [number for record in records for number in record.numbers])
        self._letters.went()

    def _revived(self, steps: Steps, records: Sequence[Revived]) -> None:
        entries = [entry for record in records for entry in record.rows]
        dead.revive(steps.db, [(key_of(row), self._books.at, number) for number, row in entries])
        self._accepted([row for _, row in entries])
        dead.remove(steps.db, [number for number, _ in entries])
        self._letters.went()

    def _answered(self, steps: Steps, records: Sequence[Answered]) -> None:
        for record in records:
            requests.answer(steps.db, record.number, record.answer)
