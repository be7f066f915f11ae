"""The statements: text alone, made once for a table.

A statement names what a user has named, or has parameters, but never both: where there are
parameters psycopg reads ``%`` as one. Rows go in by COPY, which has none.

====  ================  ==================================
type  PostgreSQL        from
====  ================  ==================================
text  text              ``str``
int   bigint            ``int``
real  double precision  ``float``, ``int``
bool  boolean           ``bool``
time  timestamptz       ``datetime`` with an offset
json  jsonb             ``str``, JSON text
blob  bytea             ``bytes``
any   bytea             ``bytes``; ``str`` as its UTF-8
====  ================  ==================================
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from holdfast.ingest.row import Row, Value
from holdfast.ingest.table import AS_IT_CAME, Column, Table

TYPES = {
    "text": "text",
    "int": "bigint",
    "real": "double precision",
    "bool": "boolean",
    "time": "timestamp with time zone",
    "json": "jsonb",
    "blob": "bytea",
    "any": "bytea",
}

QUARANTINE = (*AS_IT_CAME, Column("reason", "text", required=True))

STAGE = "holdfast_stage"
"""A temporary table: rows are sent there, and move on in one statement that says how many are new."""

_ID = "id bigint GENERATED ALWAYS AS IDENTITY"


def quoted(name: str) -> str:
    """An identifier as SQL takes it, whatever is in it."""
    return '"' + name.replace('"', '""') + '"'


def declared(column: Column) -> str:
    """A column in CREATE TABLE."""
    return f"{quoted(column.name)} {TYPES[column.type]}{' NOT NULL' if column.required else ''}"


def create(name: str, columns: Sequence[Column]) -> str:
    """A table with an id of its own."""
    return f"CREATE TABLE {quoted(name)} ({_ID} PRIMARY KEY, {', '.join(map(declared, columns))})"


def create_stage(table: Table) -> str:
    """The same columns; its ids are places in a batch."""
    columns = ", ".join(f"{quoted(column.name)} {TYPES[column.type]}" for column in table.columns)
    return f"CREATE TEMPORARY TABLE {STAGE} ({_ID}, {columns}) ON COMMIT DELETE ROWS"


def copy(name: str, columns: Sequence[Column]) -> str:
    """Rows follow it."""
    return f"COPY {quoted(name)} ({_names(column.name for column in columns)}) FROM STDIN"


def move(table: Table) -> str:
    """From the stage into the table; answers how many the table did not have."""
    names = _names(column.name for column in table.columns)
    moved = f"INSERT INTO {quoted(table.name)} ({names}) {_from_stage(table)} ON CONFLICT {_conflict(table)}"
    # A row that was inserted has never been changed, so no transaction stands in its xmax. Partitioned tables
    # do not tell it, so it is asked only where rows are replaced.
    new = "true" if table.keep == "first" else "xmax = 0"
    return f"WITH moved AS ({moved} RETURNING {new} AS new) SELECT count(*) FILTER (WHERE new) FROM moved"


def _from_stage(table: Table) -> str:
    """In order of arrival. One statement changes a row once, so of each key only the last row moves.

    It stands where the first stood. Rows with null in their key are all different.
    """
    names = ", ".join(f"stage.{quoted(column.name)}" for column in table.columns)
    if table.keep == "first":
        return f"SELECT {names} FROM {STAGE} stage ORDER BY id"
    key = _names(table.key)
    no_key = " OR ".join(f"{quoted(name)} IS NULL" for name in table.key)
    groups = (
        f"SELECT max(id) AS id, min(id) AS place FROM {STAGE} GROUP BY {key}, CASE WHEN {no_key} THEN id END"
    )
    return f"SELECT {names} FROM {STAGE} stage JOIN ({groups}) one ON one.id = stage.id ORDER BY one.place"


def _conflict(table: Table) -> str:
    values = [quoted(column.name) for column in table.columns if column.name not in table.key]
    if table.keep == "first" or not values:
        return "DO NOTHING"
    return f"({_names(table.key)}) DO UPDATE SET {', '.join(f'{name} = excluded.{name}' for name in values)}"


def _names(names: Iterable[str]) -> str:
    return ", ".join(map(quoted, names))


def as_sent(columns: Sequence[Column], rows: Iterable[Row]) -> Iterator[Sequence[Value]]:
    """Text that stands where bytes do is sent as its bytes."""
    places = [place for place, column in enumerate(columns) if column.type == "any"]
    for row in rows:
        values = list(row)
        for place in places:
            if isinstance(text := values[place], str):
                values[place] = text.encode()
        yield values
