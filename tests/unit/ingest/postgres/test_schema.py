"""The tables in a real PostgreSQL database are made, checked and widened, never damaged.

What every sink promises of its tables is held by tests/contracts/test_sink_tables.py.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from holdfast.errors import ConfigurationError
from holdfast.ingest.errors import SinkError
from holdfast.ingest.postgres import schema
from holdfast.ingest.postgres.link import Link, connect
from holdfast.ingest.table import AS_IT_CAME, Column, Table
from tests.support.postgres import Database

EVERY = tuple(Column(name, name) for name in ("text", "int", "real", "bool", "time", "json", "blob", "any"))


@pytest.fixture
async def link(postgres: Database) -> AsyncIterator[Link]:
    made = await connect(postgres.url)
    yield made
    await made.close()


async def test_the_tables_are_made(link: Link, postgres: Database) -> None:
    """Each type has its own; the quarantine is there from the beginning, so that nothing is made later."""
    await schema.prepare(link, "x", Table("kinds", EVERY))
    query = (
        "SELECT column_name, data_type FROM information_schema.columns"
        " WHERE table_name = '{}' ORDER BY ordinal_position"
    )
    kinds = dict(postgres.execute(query.format("kinds")))
    assert list(kinds.values()) == [
        *("bigint", "text", "bigint", "double precision", "boolean"),
        *("timestamp with time zone", "jsonb", "bytea", "bytea"),
    ]
    aside = [name for name, _ in postgres.execute(query.format("kinds_quarantine"))]
    assert aside == ["id", *(column.name for column in AS_IT_CAME), "reason"]


async def test_a_type_of_another_kind_is_named(link: Link, postgres: Database) -> None:
    """As well as what differs in case only, and an id that nobody fills; the table stays as it is."""
    postgres.execute('CREATE TABLE pairs (id bigint, "Device" text, value integer)')
    with pytest.raises(SinkError) as caught:
        await schema.prepare(link, "x", Table("pairs", (Column("device", "text"), Column("value", "int"))))
    assert str(caught.value).startswith(
        "x has a table 'pairs' of another kind: 'Device' differs from 'device' in case only,"
        " value is integer, not bigint, without an id that is filled by itself"
    )


async def test_a_user_without_rights_may_use_what_is_there(link: Link, postgres: Database) -> None:
    """INSERT, SELECT and UPDATE are enough once somebody has made the tables."""
    table = Table(key=("topic",), keep="last")
    await schema.prepare(link, "x", table)
    postgres.execute("CREATE ROLE poor; GRANT INSERT, SELECT, UPDATE ON ALL TABLES IN SCHEMA public TO poor")
    try:
        poor = await connect(f"{postgres.url}?options=-c%20role%3Dpoor")
        await schema.prepare(poor, "x", table)
        assert await poor.execute("SELECT current_user") == [("poor",)]
        await poor.close()
    finally:
        postgres.execute("DROP OWNED BY poor; DROP ROLE poor")


async def test_a_unique_constraint_of_the_users_is_enough(link: Link, postgres: Database) -> None:
    """No second index on the same columns, in whatever order."""
    postgres.execute(
        "CREATE TABLE pairs (id bigserial, device text, value bigint, CONSTRAINT own UNIQUE (value, device))"
    )
    columns = (Column("device", "text"), Column("value", "int"))
    await schema.prepare(link, "x", Table("pairs", columns, key=("device", "value")))
    assert postgres.execute("SELECT count(*) FROM pg_indexes WHERE tablename = 'pairs'") == [(1,)]


async def test_an_older_server_is_named(link: Link) -> None:
    """One sentence with both versions, before anything is made."""

    class Old(Link):
        version = 140012

    with pytest.raises(SinkError, match="x is PostgreSQL 14; holdfast needs 15 or newer"):
        await schema.prepare(Old(link._connection), "x", Table())


async def test_a_database_for_some_languages_is_refused(postgres: Database) -> None:
    """A topic in another script could be stored nowhere in it, not even in the quarantine."""
    postgres.execute("CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
    try:
        link = await connect(postgres.server.url("latin"))
        with pytest.raises(SinkError, match="keeps text as LATIN1") as caught:
            await schema.prepare(link, "x", Table())
        await link.close()
    finally:
        postgres.execute("DROP DATABASE latin")
    assert "UTF8" in str(caught.value.hint)


async def test_our_own_table_is_brought_up_step_by_step(
    link: Link, postgres: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each release adds its steps, once; what is remembered stays."""
    await schema.prepare(link, "x", Table())
    await schema.remember(link, {"k": "v"})
    steps = (*schema.MIGRATIONS, "ALTER TABLE holdfast ADD COLUMN at timestamptz")
    monkeypatch.setattr(schema, "MIGRATIONS", steps)
    monkeypatch.setattr(schema, "remember", remember_two)
    for _ in range(2):
        again = await connect(postgres.url)
        await schema.prepare(again, "x", Table())
        await again.close()
    assert sorted(postgres.execute("SELECT key, value, at FROM holdfast")) == [
        ("k", "v", None),
        ("schema", "2", None),
    ]


async def remember_two(link: Link, values: dict[str, str]) -> None:
    """As the release with that step would."""
    for key, value in values.items():
        await link.execute("UPDATE holdfast SET value = %s WHERE key = %s", value, key)


async def test_remembering_replaces(link: Link) -> None:
    """A key has its last value, or with ``anew=False`` its first; an unknown one has none."""
    await schema.prepare(link, "x", Table())
    await schema.remember(link, {"k": "1", "l": ""})
    await schema.remember(link, {"k": "2"})
    await schema.remember(link, {"k": "3"}, anew=False)
    assert [await schema.recall(link, key) for key in ("k", "l", "other")] == ["2", "", None]


@pytest.mark.parametrize(
    "table",
    [
        Table("a" * 53),  # with _quarantine behind it, 64
        Table(columns=(Column("ä" * 32, "text"),)),
        Table("holdfast"),
        Table("holdfast_stage"),
    ],
    ids=["long", "long column", "ours", "stage"],
)
def test_names_that_would_be_another_are_refused(table: Table) -> None:
    """PostgreSQL cuts names at 63 bytes without a word: the quarantine could become the table."""
    with pytest.raises(ConfigurationError):
        schema.check_names(table)
