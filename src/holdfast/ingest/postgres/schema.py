"""The tables in a PostgreSQL database: made or checked, and never damaged.

``{table}``             one row per message, with an ``id`` of its own
``{table}_quarantine``  messages that fit no row, as they came, and why
``holdfast``            what the service must remember, written in the transaction it belongs to

What exists is looked for before it is made, so that a user without the right to make tables can
write into those that somebody has made for it. Columns that a later run has more are added; a
table that is not ours is left untouched.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from holdfast.errors import ConfigurationError
from holdfast.ingest.errors import SinkError
from holdfast.ingest.postgres import sql
from holdfast.ingest.table import Column, Table

if TYPE_CHECKING:
    from holdfast.ingest.postgres.link import Link

OLDEST = 150000

MIGRATIONS = ("CREATE TABLE holdfast (key text PRIMARY KEY, value text NOT NULL)",)
"""Our own table, step by step: a database of release N has had the first N of them."""

_LONGEST_NAME = 63
"""Bytes; PostgreSQL cuts off what is longer, and two names may become one."""

_OURS = 0x686F6C64
"""The advisory lock under which tables are made: two that begin at once do it one after the other."""

_COLUMNS = """
SELECT attname, format_type(atttypid, NULL), attidentity <> '' OR atthasdef
FROM pg_attribute WHERE attrelid = to_regclass(%s) AND attnum > 0 AND NOT attisdropped
"""

_UNIQUE = """
SELECT array_agg(attname::text)
FROM pg_index JOIN pg_attribute ON attrelid = indrelid AND attnum = ANY(indkey)
WHERE indrelid = to_regclass(%s) AND indisunique AND indpred IS NULL AND indexprs IS NULL
GROUP BY indexrelid
"""


def check_names(table: Table) -> None:
    """Raises ConfigurationError."""
    for name in (table.quarantine, *(column.name for column in table.columns)):
        if len(name.encode()) > _LONGEST_NAME:
            raise ConfigurationError(f"{name!r} is no name for PostgreSQL: it has 63 bytes at most")
    if table.name in ("holdfast", sql.STAGE):
        raise ConfigurationError(f"the table {table.name!r} is holdfast's own", hint="name another")


async def prepare(link: Link, target: str, table: Table) -> None:
    """Create or check all tables, in one transaction; after an error the link is of no use.

    Raises SinkError, DatabaseSaid.
    """
    await _check_server(link, target)
    await link.execute("BEGIN ISOLATION LEVEL READ COMMITTED")
    await link.execute("SELECT pg_advisory_xact_lock(%s)", _OURS)
    await _migrate(link, target)
    await _make(link, target, table.name, table.columns)
    await _make(link, target, table.quarantine, sql.QUARANTINE)
    await _make_unique(link, table)
    await link.execute(sql.create_stage(table))
    await link.execute("COMMIT")


async def _check_server(link: Link, target: str) -> None:
    if link.version < OLDEST:
        raise SinkError(
            f"{target} is PostgreSQL {link.version // 10000}; holdfast needs {OLDEST // 10000} or newer",
            target=target,
            hint="upgrade the server",
        )
    ((encoding,),) = await link.execute("SELECT current_setting('server_encoding')")
    if encoding != "UTF8":
        raise SinkError(
            f"{target} keeps text as {encoding}, which has no place for every topic",
            target=target,
            hint="create the database with ENCODING 'UTF8'",
        )


async def _migrate(link: Link, target: str) -> None:
    found = 0
    if await link.execute("SELECT 1 WHERE to_regclass('holdfast') IS NOT NULL"):
        found = int(await recall(link, "schema") or 0)
    if found > len(MIGRATIONS):
        raise SinkError(
            f"{target} was written by a newer release of holdfast (schema {found}, here {len(MIGRATIONS)})",
            target=target,
            hint="upgrade holdfast, or name another database",
        )
    for step in MIGRATIONS[found:]:
        await link.execute(step)
    if found < len(MIGRATIONS):
        await remember(link, {"schema": str(len(MIGRATIONS))})


async def _make(link: Link, target: str, name: str, columns: Sequence[Column]) -> None:
    rows = await link.execute(_COLUMNS, sql.quoted(name))
    if not rows:
        await link.execute(sql.create(name, columns))
        return
    have = {found: kind for found, kind, _ in rows}
    complaints = list(_differences(have, columns))
    if not any(found == "id" and filled for found, _, filled in rows):
        complaints.append("without an id that is filled by itself")
    if complaints:
        raise SinkError(
            f"{target} has a table {name!r} of another kind: {', '.join(complaints)}",
            target=target,
            hint="name another table, or alter this one",
        )
    for column in columns:
        if column.name not in have:
            await link.execute(f"ALTER TABLE {sql.quoted(name)} ADD COLUMN {sql.declared(column)}")


def _differences(have: dict[str, str], columns: Sequence[Column]) -> list[str]:
    """In a table's columns, by name and type."""
    found = {name.lower(): name for name in have}
    complaints = []
    for column in columns:
        kind, wanted = have.get(column.name), sql.TYPES[column.type]
        if kind is not None and kind != wanted:
            complaints.append(f"{column.name} is {kind}, not {wanted}")
        elif kind is None and column.name.lower() in found:
            complaints.append(f"{found[column.name.lower()]!r} differs from {column.name!r} in case only")
        elif kind is None and column.required:
            complaints.append(f"without {column.name}")
    return complaints


async def _make_unique(link: Link, table: Table) -> None:
    if not table.key:
        return
    unique = [set(names) for (names,) in await link.execute(_UNIQUE, sql.quoted(table.name))]
    if set(table.key) not in unique:
        names = ", ".join(map(sql.quoted, table.key))
        await link.execute(f"CREATE UNIQUE INDEX ON {sql.quoted(table.name)} ({names})")


async def recall(link: Link, key: str) -> str | None:
    """What is remembered under this key, when whoever is just writing it is done."""
    rows = await link.execute("SELECT value FROM holdfast WHERE key = %s FOR UPDATE", key)
    return str(rows[0][0]) if rows else None


async def remember(link: Link, values: dict[str, str], *, anew: bool = True) -> None:
    """Remember these, with the transaction that is open; not ``anew``: those of which nothing is known."""
    await link.execute(
        "INSERT INTO holdfast SELECT * FROM unnest(%s::text[], %s::text[]) ON CONFLICT (key) DO "
        + ("UPDATE SET value = excluded.value" if anew else "NOTHING"),
        list(values),
        list(values.values()),
    )
