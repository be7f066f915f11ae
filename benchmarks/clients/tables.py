"""The table of a loop that a user writes: the same columns, in SQLite or PostgreSQL, as quick as they know.

A batch is one `executemany` in one transaction; SQLite runs with WAL and `synchronous=FULL`, so that a commit
survives a power cut, as PostgreSQL's does by itself.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

MOST, WAIT_S = 500, 0.01
"""A batch is full, or has waited long enough; as `Ingest` has it."""

Row = tuple[str, str, int, bool, str]

_COLUMNS = "(received, topic, qos, retain, payload)"


def row(topic: str, qos: int, retain: bool, payload: bytes) -> Row:
    """A message, with the time of its arrival."""
    return datetime.now(UTC).isoformat(timespec="milliseconds"), topic, qos, retain, payload.decode()


class Table:
    """One table, in the database of this place: a path, or a URL of PostgreSQL."""

    def __init__(self, place: str) -> None:
        self._db: Any
        if place.startswith("postgresql:"):
            import psycopg

            self._db = psycopg.connect(place)
            self._mark = "%s"
            kinds = "id bigint generated always as identity primary key, received timestamptz, topic text,"
            kinds += " qos int, retain boolean, payload text"
        else:
            self._db = sqlite3.connect(place, check_same_thread=False)
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=FULL")
            self._mark = "?"
            kinds = (
                "id INTEGER PRIMARY KEY, received TEXT, topic TEXT, qos INTEGER, retain INTEGER, payload TEXT"
            )
        self._db.execute(f"CREATE TABLE messages ({kinds})")
        self._db.commit()

    def write(self, rows: Sequence[Row]) -> None:
        """Returned is committed."""
        marks = ", ".join([self._mark] * 5)
        self._db.cursor().executemany(f"INSERT INTO messages {_COLUMNS} VALUES ({marks})", rows)
        self._db.commit()

    def count(self) -> int:
        """How many rows there are."""
        return _count(self._db)


def count(place: str) -> int:
    """The same, by whoever did not write them."""
    if place.startswith("postgresql:"):
        import psycopg

        with psycopg.connect(place) as db:
            return _count(db)
    return _count(sqlite3.connect(place))


def _count(db: Any) -> int:
    (found,) = db.execute("SELECT count(*) FROM messages").fetchone()
    return int(found)
