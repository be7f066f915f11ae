"""The tables in a SQLite target, and the words for what SQLite refuses.

``messages``            one row per message (see ``row``), with an ``id`` of its own
``holdfast``            what the service must remember, written in the transaction it belongs to
``{table}_quarantine``  rows that a constraint of the user's refused; made when first needed

Columns that a later filter captures are added; a table that is not ours is left untouched.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from holdfast.ingest.errors import SinkError
from holdfast.ingest.row import COLUMNS

VERSION = "1"

_TYPES = {
    "received": "TEXT NOT NULL",
    "topic": "TEXT NOT NULL",
    "qos": "INTEGER NOT NULL",
    "retain": "INTEGER NOT NULL",
    "payload": "BLOB NOT NULL",  # without affinity: text stays text, bytes stay bytes
    "properties": "TEXT",
}


def quoted(name: str) -> str:
    """An identifier as SQL takes it, whatever is in it."""
    return '"' + name.replace('"', '""') + '"'


def prepare(db: sqlite3.Connection, target: str, table: str, captures: Sequence[str]) -> None:
    """Create or check all tables, in one transaction. Raises SinkError, sqlite3.Error."""
    db.execute("BEGIN IMMEDIATE")
    try:
        db.execute("CREATE TABLE IF NOT EXISTS holdfast (key TEXT PRIMARY KEY, value) WITHOUT ROWID")
        _check_version(db, target)
        _create(db, table, captures)
        _widen(db, target, table, captures)
        db.execute("COMMIT")
    except BaseException:
        db.execute("ROLLBACK")
        raise


def _check_version(db: sqlite3.Connection, target: str) -> None:
    db.execute("INSERT INTO holdfast VALUES ('schema', ?) ON CONFLICT DO NOTHING", (VERSION,))
    found = recall(db, "schema")
    if found != VERSION:
        raise SinkError(
            f"{target} was written by another release of holdfast (schema {found}, here {VERSION})",
            target=target,
            hint="upgrade holdfast, or name another file",
        )


def _create(db: sqlite3.Connection, table: str, captures: Sequence[str]) -> None:
    columns = [f"{name} {_TYPES[name]}" for name in COLUMNS] + [f"{quoted(name)} TEXT" for name in captures]
    db.execute(f"CREATE TABLE IF NOT EXISTS {quoted(table)} (id INTEGER PRIMARY KEY, {', '.join(columns)})")


def _widen(db: sqlite3.Connection, target: str, table: str, captures: Sequence[str]) -> None:
    have = {name.lower() for _, name, *_ in db.execute(f"PRAGMA table_info({quoted(table)})")}
    missing = [name for name in ("id", *COLUMNS) if name not in have]
    if missing:
        raise SinkError(
            f"{target} has a table {table!r} of another kind (without {', '.join(missing)})",
            target=target,
            hint="name another file",
        )
    for name in captures:
        if name.lower() not in have:
            db.execute(f"ALTER TABLE {quoted(table)} ADD COLUMN {quoted(name)} TEXT")


def recall(db: sqlite3.Connection, key: str) -> str | int | None:
    """What is remembered under this key."""
    row = db.execute("SELECT value FROM holdfast WHERE key = ?", (key,)).fetchone()
    return row[0] if row else None


def remember(db: sqlite3.Connection, key: str, value: str | int) -> None:
    """Remember this, with the transaction that is open."""
    db.execute(
        "INSERT INTO holdfast VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value", (key, value)
    )


def insert(table: str, captures: Sequence[str]) -> str:
    """The statement for one row; a row that a UNIQUE index holds already is no error."""
    names = [*COLUMNS, *(quoted(name) for name in captures)]
    marks = ", ".join("?" * len(names))
    return f"INSERT INTO {quoted(table)} ({', '.join(names)}) VALUES ({marks}) ON CONFLICT DO NOTHING"


def create_quarantine(table: str) -> str:
    """The statement that makes the place for refused rows."""
    columns = ", ".join(f"{name} {_TYPES[name]}" for name in COLUMNS)
    name = quoted(f"{table}_quarantine")
    return f"CREATE TABLE IF NOT EXISTS {name} (id INTEGER PRIMARY KEY, {columns}, reason TEXT NOT NULL)"


def insert_quarantine(table: str) -> str:
    """The statement for one refused row and its reason."""
    marks = ", ".join("?" * (len(COLUMNS) + 1))
    name = quoted(f"{table}_quarantine")
    return f"INSERT INTO {name} ({', '.join(COLUMNS)}, reason) VALUES ({marks})"


def refused(error: sqlite3.Error, target: str) -> SinkError:
    """What SQLite said, with a next step."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    return SinkError(f"{target} cannot be written: {error}", target=target, hint=_HINTS.get(code))


_ACCESS = "give this user the right to write the file and its folder, or name another file"

_HINTS = {
    sqlite3.SQLITE_PERM: _ACCESS,
    sqlite3.SQLITE_READONLY: _ACCESS,
    sqlite3.SQLITE_CANTOPEN: _ACCESS,
    sqlite3.SQLITE_FULL: "make room on the disk",
    sqlite3.SQLITE_IOERR: "look at the disk: it does not do what it is told",
    sqlite3.SQLITE_BUSY: "another program holds a lock on the file",
    sqlite3.SQLITE_LOCKED: "another program holds a lock on the file",
    sqlite3.SQLITE_NOTADB: "name another file",
    sqlite3.SQLITE_CORRUPT: "the file is damaged: restore it, or name another file",
}
