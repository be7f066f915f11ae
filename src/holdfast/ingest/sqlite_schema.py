"""The tables in a SQLite target, and the words for what SQLite refuses.

``{table}``             one row per message, with an ``id`` of its own
``holdfast``            what the service must remember, written in the transaction it belongs to
``{table}_quarantine``  rows that a constraint of the user's refused; made when first needed

Columns that a later run has more are added; a table that is not ours is left untouched.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import UTC, datetime

from holdfast.ingest.errors import SinkError
from holdfast.ingest.row import Row, Value
from holdfast.ingest.sink import Refused
from holdfast.ingest.sqlite_existing import check_key, missing_columns, not_unique, quoted
from holdfast.ingest.table import AS_IT_CAME, Column, Table

VERSION = "1"

QUARANTINE = (*AS_IT_CAME, Column("reason", "text", required=True))

_TYPES = {
    "text": "TEXT",
    "int": "INTEGER",
    "real": "REAL",
    "bool": "INTEGER",
    "time": "TEXT",
    "json": "TEXT",
    "blob": "BLOB",
    "any": "BLOB",  # without affinity: text stays text, bytes stay bytes
}


def prepare(db: sqlite3.Connection, target: str, table: Table) -> None:
    """Create or check all tables, in one transaction. Raises SinkError, sqlite3.Error."""
    db.execute("BEGIN IMMEDIATE")
    try:
        db.execute("CREATE TABLE IF NOT EXISTS holdfast (key TEXT PRIMARY KEY, value) WITHOUT ROWID")
        _check_version(db, target)
        db.execute(f"CREATE TABLE IF NOT EXISTS {quoted(table.name)} ({_columns(table.columns)})")
        _widen(db, target, table)
        _widen_quarantine(db, target, Table(table.quarantine, QUARANTINE))
        _index(db, target, table)
        db.execute("COMMIT")
    except BaseException:
        db.execute("ROLLBACK")
        raise


def _widen(db: sqlite3.Connection, target: str, table: Table) -> None:
    for column in missing_columns(db, target, table):
        db.execute(f"ALTER TABLE {quoted(table.name)} ADD COLUMN {_declared(column)}")


def _widen_quarantine(db: sqlite3.Connection, target: str, aside: Table) -> None:
    """Where it is there: found out with the first misfit, a foreign one would hold all rows up."""
    if db.execute(f"PRAGMA table_info({quoted(aside.name)})").fetchone():
        _widen(db, target, aside)


def _columns(columns: Sequence[Column]) -> str:
    return ", ".join(("id INTEGER PRIMARY KEY", *map(_declared, columns)))


def _declared(column: Column) -> str:
    return f"{quoted(column.name)} {_TYPES[column.type]}{' NOT NULL' if column.required else ''}"


def _check_version(db: sqlite3.Connection, target: str) -> None:
    db.execute("INSERT INTO holdfast VALUES ('schema', ?) ON CONFLICT DO NOTHING", (VERSION,))
    found = recall(db, "schema")
    if found != VERSION:
        raise SinkError(
            f"{target} was written by another release of holdfast (schema {found}, here {VERSION})",
            target=target,
            hint="upgrade holdfast, or name another file",
        )


def _index(db: sqlite3.Connection, target: str, table: Table) -> None:
    check_key(db, target, table)
    if table.key:
        names = ", ".join(map(quoted, table.key))
        index, name = quoted(f"{table.name}_key"), quoted(table.name)
        try:
            db.execute(f"CREATE UNIQUE INDEX IF NOT EXISTS {index} ON {name} ({names})")
        except sqlite3.IntegrityError as error:
            raise not_unique(target, table) from error


def recall(db: sqlite3.Connection, key: str) -> str | int | None:
    """What is remembered under this key."""
    row = db.execute("SELECT value FROM holdfast WHERE key = ?", (key,)).fetchone()
    return row[0] if row else None


def remember(db: sqlite3.Connection, key: str, value: str | int) -> None:
    """Remember this, with the transaction that is open."""
    db.execute(
        "INSERT INTO holdfast VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value", (key, value)
    )


def insert(table: Table) -> str:
    """The statement for one row; a row that a UNIQUE index holds already is no error."""
    names = ", ".join(quoted(column.name) for column in table.columns)
    marks = ", ".join("?" * len(table.columns))
    return f"INSERT INTO {quoted(table.name)} ({names}) VALUES ({marks}) ON CONFLICT {_conflict(table)}"


def _conflict(table: Table) -> str:
    names = [quoted(column.name) for column in table.columns if column.name not in table.key]
    if table.keep == "first" or not names:
        return "DO NOTHING"
    key = ", ".join(quoted(name) for name in table.key)
    return f"({key}) DO UPDATE SET {', '.join(f'{name} = excluded.{name}' for name in names)}"


def newest(db: sqlite3.Connection, table: Table) -> int:
    """The highest id."""
    (found,) = db.execute(f"SELECT coalesce(max(id), 0) FROM {quoted(table.name)}").fetchone()
    return int(found)


def count_above(db: sqlite3.Connection, table: Table, id: int) -> int:
    """How many rows are newer than this one; one that was replaced keeps its id."""
    (found,) = db.execute(f"SELECT count(*) FROM {quoted(table.name)} WHERE id > ?", (id,)).fetchone()
    return int(found)


def plain(row: Row) -> tuple[str | int | float | bytes | None, ...]:
    """The values as SQLite takes them."""
    return tuple([_plain(value) for value in row])


def _plain(value: Value) -> str | int | float | bytes | None:
    return _instant(value) if isinstance(value, datetime) else value


def _instant(at: datetime) -> str:
    """RFC 3339 in UTC, always of one length so that it sorts; cut to less, two keys could become one."""
    return at.astimezone(UTC).isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"


def quarantine(db: sqlite3.Connection, table: Table, several: Sequence[Refused]) -> None:
    """Put these beside the table, with the transaction that is open."""
    name = quoted(table.quarantine)
    db.execute(f"CREATE TABLE IF NOT EXISTS {name} ({_columns(QUARANTINE)})")
    names = ", ".join(column.name for column in QUARANTINE)
    marks = ", ".join("?" * len(QUARANTINE))
    rows = [(*plain(one.message), one.reason) for one in several]
    db.executemany(f"INSERT INTO {name} ({names}) VALUES ({marks})", rows)


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
