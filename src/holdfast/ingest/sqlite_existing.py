"""Whether a table that is in a SQLite file already can take our rows, and as what they are.

SQLite stores anything in any column and converts it to the column's affinity: a time in an INTEGER column, a
real in one of TEXT. Nothing would ever fail, and sums and comparisons be wrong. So what a column was
declared as must have the affinity that its type has here (SQLite documentation, "Determination Of
Column Affinity"), and the unique index of the key must be of this key.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from holdfast.ingest.errors import SinkError
from holdfast.ingest.table import Column, Table

_AFFINITIES = {
    "text": {"TEXT"},
    "int": {"INTEGER", "NUMERIC"},
    "real": {"REAL"},
    "bool": {"INTEGER", "NUMERIC"},
    "time": {"TEXT"},
    "json": {"TEXT"},
    "blob": {"BLOB"},
    "any": {"BLOB"},
}

# The first row of which a word is in the declared type counts.
_RULES = (
    (("INT",), "INTEGER"),
    (("CHAR", "CLOB", "TEXT"), "TEXT"),
    (("BLOB",), "BLOB"),
    (("REAL", "FLOA", "DOUB"), "REAL"),
)


def affinity(declared: str) -> str:
    """What SQLite makes of a declared type."""
    upper = declared.upper()
    if not upper:
        return "BLOB"
    return next((kind for words, kind in _RULES if any(word in upper for word in words)), "NUMERIC")


def quoted(name: str) -> str:
    """An identifier as SQL takes it, whatever is in it."""
    return '"' + name.replace('"', '""') + '"'


@dataclass(frozen=True, slots=True)
class _Found:
    """A column of the file; ``must``: a row without it is refused."""

    name: str
    declared: str
    must: bool


def missing_columns(db: sqlite3.Connection, target: str, table: Table) -> list[Column]:
    """What the table in the file lacks. Raises SinkError where it cannot take these rows."""
    found = {
        name.lower(): _Found(name, declared, bool(not_null and default is None and not part_of_key))
        for _, name, declared, not_null, default, part_of_key in db.execute(
            f"PRAGMA table_info({quoted(table.name)})"
        )
    }
    missing = [column for column in table.columns if column.name.lower() not in found]
    needed = [column.name for column in missing if column.required]
    if "id" not in found or needed:
        lacks = ", ".join(needed or ["id"])
        raise _other(target, f"{target} has a table {table.name!r} of another kind (without {lacks})")
    _check_id(db, target, table)
    _check_types(found, target, table)
    _check_others(found, target, table)
    return missing


def _check_id(db: sqlite3.Connection, target: str, table: Table) -> None:
    """That it numbers the rows by itself: only then no index stands behind the primary key."""
    name = quoted(table.name)
    key = [column.lower() for _, column, *_, part in db.execute(f"PRAGMA table_info({name})") if part]
    indexed = any(origin == "pk" for _, _, _, origin, _ in db.execute(f"PRAGMA index_list({name})"))
    if key != ["id"] or indexed:
        raise _other(
            target,
            f"{target}: column 'id' of table {table.name!r} is not INTEGER PRIMARY KEY,"
            " so SQLite does not number the rows by it",
        )


def _check_types(found: dict[str, _Found], target: str, table: Table) -> None:
    for column in table.columns:
        there = found.get(column.name.lower())
        if there is not None and affinity(there.declared) not in _AFFINITIES[column.type]:
            raise _other(
                target,
                f"{target}: column {there.name!r} of table {table.name!r} is declared"
                f" {there.declared or 'without a type'}, which cannot hold {column.type}",
            )


def _check_others(found: dict[str, _Found], target: str, table: Table) -> None:
    ours = {column.name.lower() for column in table.columns}
    for name, there in found.items():
        if there.must and name not in ours:
            raise _other(
                target,
                f"{target}: column {there.name!r} of table {table.name!r} must have a value: none is given",
            )


def check_key(db: sqlite3.Connection, target: str, table: Table) -> None:
    """That the file recognises rows by this key and no other, where it does. Raises SinkError."""
    index = quoted(f"{table.name}_key")
    names = [name for _, _, name in db.execute(f"PRAGMA index_info({index})")]
    if names and [name.lower() for name in names] != [name.lower() for name in table.key]:
        asked = f"not ({', '.join(table.key)})" if table.key else "and none is asked for"
        raise SinkError(
            f"{target}: the key of table {table.name!r} is ({', '.join(names)}), {asked}",
            target=target,
            hint=f"name that key, another table, or first: DROP INDEX {index}",
        )


def not_unique(target: str, table: Table) -> SinkError:
    """The rows that are there already break the key."""
    return SinkError(
        f"{target}: table {table.name!r} holds rows with the same key ({', '.join(table.key)}) already",
        target=target,
        hint="delete all but one of each, or name another table",
    )


def _other(target: str, sentence: str) -> SinkError:
    return SinkError(sentence, target=target, hint="name another table, or another file")
