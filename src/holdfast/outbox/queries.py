"""What is asked of the committed rows: who is next, who is too old, who waits out of the line.

Each reads no more than it gives, but for the keys it is told to skip: of rows that do not wait, which only
their owner knows. An open query keeps the log from being emptied: read it to its end, or close it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Container, Generator, Iterable, Iterator
from contextlib import closing
from itertools import islice
from typing import Any

from holdfast.messages import Outgoing
from holdfast.outbox import sqlite_file
from holdfast.outbox.keys import key_of, span
from holdfast.outbox.rows import SELECT, RowCodec

Rows = Generator[Outgoing, None, None]

NONE: frozenset[int] = frozenset()

_WAITING = "id BETWEEN ? AND ? AND parked IS NULL"


class Queries:
    """The committed rows of one file, on one thread at a time. Everything raises sqlite3.Error."""

    def __init__(self, db: sqlite3.Connection, codec: RowCodec) -> None:
        self._db = db
        self._codec = codec
        self.broken: set[int] = set()
        """The keys of rows that were passed over, because nobody can read them any more."""

    def waiting(self, priority: int, after: int = 0) -> Rows:
        """Rows of this class with sequence numbers above ``after``, in accept order; not the parked."""
        lowest, highest = span(priority, after)
        while True:
            try:
                for row in self._rows(f"WHERE {_WAITING} ORDER BY id", (lowest, highest)):
                    lowest = key_of(row) + 1
                    yield row
            except sqlite3.Error as error:
                lowest = self._pass_over(error, lowest, highest)
            else:
                return

    def _pass_over(self, error: sqlite3.Error, lowest: int, highest: int) -> int:
        if not sqlite_file.is_of_one_row(error):
            raise error
        (key,) = self._db.execute(
            f"SELECT min(id) FROM message WHERE {_WAITING}", (lowest, highest)
        ).fetchone()
        self.broken.add(key)
        return int(key) + 1

    def due(self, at: float, limit: int, skip: Container[int] = NONE) -> list[int]:
        """The keys of rows that have expired at this outbox time, the first to expire first."""
        asked = "SELECT id FROM message WHERE expires_at <= ? ORDER BY expires_at"
        with closing(self._db.execute(asked, (at,))) as found:
            return list(islice((key for (key,) in found if key not in skip), limit))

    def next_due(self, at: float) -> float | None:
        """The outbox time after ``at`` at which the next row expires."""
        found = self._db.execute("SELECT min(expires_at) FROM message WHERE expires_at > ?", (at,)).fetchone()
        due: float | None = found[0]
        return due

    def parked_keys(self) -> list[int]:
        """The keys of the rows that are parked, sorted."""
        found = self._db.execute("SELECT id FROM message INDEXED BY parked WHERE parked IS NOT NULL")
        return sorted(key for (key,) in found)

    def by_keys(self, keys: Iterable[int]) -> Rows:
        """Those of these rows that there are, in the order of their keys here."""
        for key in keys:
            try:
                yield from self._rows("WHERE id = ?", (key,))
            except sqlite3.Error as error:
                if not sqlite_file.is_of_one_row(error):
                    raise
                self.broken.add(key)

    def topics(self) -> Iterator[tuple[str, int]]:
        """Topic and key of all rows, those of one class in accept order; up to one that cannot be read."""
        with closing(self._db.execute("SELECT topic, id FROM message ORDER BY id")) as found:
            try:
                yield from found
            except sqlite3.Error as error:
                if not sqlite_file.is_of_one_row(error):
                    raise

    def _rows(self, where: str, arguments: tuple[Any, ...]) -> Rows:
        with closing(self._db.execute(f"{SELECT} {where}", arguments)) as found:
            yield from map(self._codec.row, found)
