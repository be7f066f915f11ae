"""What is asked of the committed rows: who is next, who is too old, who waits out of the line.

Each reads no more than it gives, but for the rows it is told to skip by key: those in flight, which only
their owner knows. An open query keeps the log from being emptied: read it to its end, or close it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Container, Generator, Iterable
from contextlib import closing
from itertools import islice, takewhile
from typing import Any

from holdfast.messages import Outgoing
from holdfast.outbox.keys import span
from holdfast.outbox.rows import SELECT, RowCodec

Rows = Generator[Outgoing, None, None]

NONE: frozenset[int] = frozenset()


class Queries:
    """The committed rows of one file, on one thread at a time. Everything raises sqlite3.Error."""

    def __init__(self, db: sqlite3.Connection, codec: RowCodec) -> None:
        self._db = db
        self._codec = codec

    def waiting(self, priority: int, after: int = 0) -> Rows:
        """Rows of this class with sequence numbers above ``after``, in accept order; not the parked."""
        return self._rows("WHERE id BETWEEN ? AND ? AND parked IS NULL ORDER BY id", span(priority, after))

    def due(self, at: float, limit: int, skip: Container[int] = NONE) -> list[Outgoing]:
        """Rows that have expired at this outbox time, the first to expire first."""
        with closing(self._rows("WHERE expires_at <= ? ORDER BY expires_at", (at,), skip)) as rows:
            return list(islice(rows, limit))

    def next_due(self, at: float) -> float | None:
        """The outbox time after ``at`` at which the next row expires."""
        found = self._db.execute("SELECT min(expires_at) FROM message WHERE expires_at > ?", (at,)).fetchone()
        due: float | None = found[0]
        return due

    def aged(
        self, priority: int, accepted_before: float, limit: int, skip: Container[int] = NONE
    ) -> list[Outgoing]:
        """The head of this class, parked rows too, that was accepted before this outbox time."""
        before = accepted_before - self._codec.timeline.ahead
        with closing(self._rows("WHERE id BETWEEN ? AND ? ORDER BY id", span(priority), skip)) as rows:
            return list(islice(takewhile(lambda row: row.accepted_at < before, rows), limit))

    def parked_keys(self) -> list[int]:
        """The keys of the rows that are parked, sorted."""
        found = self._db.execute("SELECT id FROM message INDEXED BY parked WHERE parked IS NOT NULL")
        return sorted(key for (key,) in found)

    def by_keys(self, keys: Iterable[int]) -> Rows:
        """Those of these rows that there are, in the order of their keys here."""
        for key in keys:
            yield from self._rows("WHERE id = ?", (key,))

    def _rows(self, where: str, arguments: tuple[Any, ...], skip: Container[int] = NONE) -> Rows:
        with closing(self._db.execute(f"{SELECT} {where}", arguments)) as found:
            for columns in found:
                if columns[0] not in skip:
                    yield self._codec.row(columns)
