"""The rows of a batch go in together; those that are refused are found by halving.

What becomes of them is held by tests/contracts/test_sink.py, for every sink.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from holdfast.ingest.postgres import schema
from holdfast.ingest.postgres.errors import DatabaseSaid
from holdfast.ingest.postgres.link import Link, connect
from holdfast.ingest.postgres.rows import BEGIN, Rows
from holdfast.ingest.sink import Refused, Written
from holdfast.ingest.table import Column, Table
from tests.contracts.sinks import AT, batch, of_rows
from tests.support.postgres import Database

VALUES = Table("checked", (Column("value", "int"), Column("note", "text"), Column("j", "json")))


class Counting(Link):
    """It counts what goes over the line."""

    turns = 0

    async def execute(self, sql: str, *values: object) -> list[tuple[object, ...]]:
        self.turns += 1
        return await super().execute(sql, *values)


@pytest.fixture
async def link(postgres: Database) -> AsyncIterator[Counting]:
    made = Counting((await connect(postgres.url))._connection)
    yield made
    await made.close()


async def begin(link: Link, table: Table, *before: str) -> None:
    """With its tables made, and what was done to them before."""
    await schema.prepare(link, "x", table)
    for sql in (*before, BEGIN):
        await link.execute(sql)


async def test_one_row_is_found_by_halving(link: Counting, postgres: Database) -> None:
    """Some turns for each halving, not one for each row."""
    await begin(link, VALUES, "ALTER TABLE checked ADD CHECK (value <> 333)")
    link.turns = 0
    rows = [(number, None, None) for number in range(512)]
    assert await Rows(VALUES).write(link, of_rows(1, rows)) == Written(511, 0, 1)
    assert link.turns < 100
    await link.execute("COMMIT")
    assert postgres.execute(
        "SELECT array_agg(value ORDER BY id) = array_agg(value ORDER BY value) FROM checked"
    ) == [(True,)]
    ((topic, reason),) = postgres.execute("SELECT topic, reason FROM checked_quarantine")
    assert topic == "row 333"
    assert "check constraint" in reason


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ((1, "a\0b", None), "NUL"),
        ((1, None, "{"), "json"),
        ((1, None, '"\\u0000"'), "Unicode escape"),
        ((1.5, None, None), "bigint"),
        ((object(), None, None), "adapt"),
    ],
    ids=["NUL", "no JSON", "NUL in JSON", "no int", "no value at all"],
)
async def test_the_reason_is_in_the_quarantine(
    link: Counting, postgres: Database, bad: tuple[object, ...], reason: str
) -> None:
    """Whether the server refuses a value or this side cannot even send it."""
    await begin(link, VALUES)
    assert await Rows(VALUES).write(link, of_rows(1, [bad, (2, None, None)])) == Written(1, 0, 1)  # type: ignore[list-item]
    await link.execute("COMMIT")
    ((found,),) = postgres.execute("SELECT reason FROM checked_quarantine")
    assert reason in found


@pytest.mark.parametrize(
    "body",
    [
        "IF new.value = 1 THEN RAISE 'no' USING ERRCODE = 'ZZ001'; END IF",
        "IF new.value = 1 THEN RAISE insufficient_privilege; END IF",
        "ASSERT new.value <> 1",
        "SELECT n INTO STRICT new.value FROM generate_series(2, 3) n WHERE n = new.value",
        "CASE new.value WHEN 2 THEN NULL; END CASE",
        "new.note = (SELECT n FROM generate_series(new.value, 2) n)",
        "IF new.value = 1 THEN RETURN 1 / 0; END IF",
    ],
)
async def test_what_a_trigger_does_not_take_is_the_rows_affair(
    link: Counting, postgres: Database, body: str
) -> None:
    """However its author says it: one row goes to the quarantine, and the other in."""
    function = (
        "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS"
        f" $$ BEGIN {body}; RETURN new; END $$;"
        " CREATE TRIGGER g BEFORE INSERT ON checked FOR EACH ROW EXECUTE FUNCTION f()"
    )
    await begin(link, VALUES, function)
    assert await Rows(VALUES).write(link, of_rows(1, [(1, None, None), (2, None, None)])) == Written(1, 0, 1)
    await link.execute("COMMIT")
    assert postgres.execute("SELECT value FROM checked") == [(2,)]
    assert postgres.execute("SELECT topic FROM checked_quarantine") == [("row 0",)]


async def test_a_trigger_that_asks_for_another_attempt_stops_the_batch(link: Counting) -> None:
    """It says what the server says when two are in each other's way."""
    function = (
        "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN RAISE serialization_failure; END $$;"
        " CREATE TRIGGER g BEFORE INSERT ON checked FOR EACH ROW EXECUTE FUNCTION f()"
    )
    await begin(link, VALUES, function)
    with pytest.raises(DatabaseSaid) as caught:
        await Rows(VALUES).write(link, of_rows(1, [(1, None, None)]))
    assert caught.value.code == "40001"


async def test_a_key_too_long_for_its_index_is_the_rows_affair(link: Counting, postgres: Database) -> None:
    """An index entry has 2,704 bytes at most, which says class 54: no limit of the server's to wait for."""
    await begin(link, VALUES, "CREATE UNIQUE INDEX ON checked (note)")
    noise = "".join(chr(0x4E00 + (number * 7919) % 20000) for number in range(5000))
    assert await Rows(VALUES).write(link, of_rows(1, [(1, noise, None)])) == Written(0, 0, 1)


async def test_the_quarantine_refuses_nothing(link: Counting, postgres: Database) -> None:
    """What text cannot hold is replaced there; the payload stays as it came."""
    await begin(link, Table())
    refused = (Refused((AT, "a\0\ud800", 1, False, "\0p", None), "no\0"),)
    assert await Rows(Table()).write(link, batch(1, refused=refused)) == Written(0, 0, 1)
    await link.execute("COMMIT")
    assert postgres.execute("SELECT topic, payload, reason FROM messages_quarantine") == [
        ("a\ufffd?", b"\0p", "no\ufffd")
    ]


async def test_what_is_the_databases_affair_stops_the_batch(link: Counting) -> None:
    """A table that is gone refuses no row."""
    await begin(link, VALUES)
    await link.execute("DROP TABLE checked")
    with pytest.raises(DatabaseSaid) as caught:
        await Rows(VALUES).write(link, of_rows(1, [(1, None, None)]))
    assert caught.value.code == "42P01"
