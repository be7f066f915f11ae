"""The tables in a SQLite file. What every sink promises of them: tests/contracts/test_sink_tables.py."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone

import pytest

from holdfast.ingest import sqlite_schema as schema
from holdfast.ingest.errors import SinkError
from holdfast.ingest.sqlite_existing import quoted
from holdfast.ingest.table import AS_IT_CAME, Column, Table


@pytest.fixture
def db() -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    yield connection
    connection.close()


AT = datetime(2026, 11, 21, 5, tzinfo=timezone(timedelta(hours=7)))


def capturing(*names: str, table: str = "messages") -> Table:
    return Table(table, (*AS_IT_CAME, *(Column(name, "text") for name in names)))


def put(db: sqlite3.Connection, table: Table, *captured: str) -> None:
    db.execute(schema.insert(table), schema.plain((AT, "a", 1, False, "p", None, *captured)))


def columns(db: sqlite3.Connection, table: str = "messages") -> list[str]:
    return [name for _, name, *_ in db.execute(f"PRAGMA table_info({quoted(table)})")]


def test_the_tables_are_made(db: sqlite3.Connection) -> None:
    """An empty file gets the fixed columns and one for each capture."""
    schema.prepare(db, "x.db", capturing("line"))
    assert columns(db) == ["id", "received", "topic", "qos", "retain", "payload", "properties", "line"]


def test_preparing_twice_changes_nothing(db: sqlite3.Connection) -> None:
    """A restart finds its tables as it left them."""
    schema.prepare(db, "x.db", capturing("line"))
    schema.prepare(db, "x.db", capturing("line"))
    assert columns(db).count("line") == 1


def test_an_older_quarantine_is_widened(db: sqlite3.Connection) -> None:
    """As the table is, where it is there; else it is made with the first misfit."""
    schema.prepare(db, "x.db", capturing())
    assert columns(db, "messages_quarantine") == []
    needed = ", ".join(f"{column.name} {schema._TYPES[column.type]}" for column in schema.QUARANTINE[:5])
    db.execute(f"CREATE TABLE messages_quarantine (id INTEGER PRIMARY KEY, {needed}, reason TEXT)")
    schema.prepare(db, "x.db", capturing())
    assert columns(db, "messages_quarantine")[-2:] == ["reason", "properties"]


def test_case_makes_no_other_column(db: sqlite3.Connection) -> None:
    """To SQLite a name is the same in both."""
    schema.prepare(db, "x.db", capturing("line"))
    schema.prepare(db, "x.db", capturing("Line"))
    assert columns(db)[-1] == "line"


def test_times_are_utc(db: sqlite3.Connection) -> None:
    """SQLite has no type for them: RFC 3339, so that they sort and compare as text, to the microsecond."""
    schema.prepare(db, "x.db", capturing())
    put(db, capturing())
    assert db.execute("SELECT received FROM messages").fetchall() == [("2026-11-20T22:00:00.000000Z",)]


def test_a_key_that_rows_break_already_is_told(db: sqlite3.Connection) -> None:
    """The file stays as it is."""
    table = Table("t", (Column("line", "text"),))
    schema.prepare(db, "x.db", table)
    for _ in range(2):
        db.execute(schema.insert(table), ("1",))
    with pytest.raises(SinkError, match="same key"):
        schema.prepare(db, "x.db", Table("t", (Column("line", "text"), Column("at", "time")), key=("line",)))
    assert columns(db, "t") == ["id", "line"]


def test_a_table_of_nothing_but_its_key(db: sqlite3.Connection) -> None:
    """The last row with a key is the first one, then."""
    table = Table("t", (Column("line", "text"),), key=("line",), keep="last")
    schema.prepare(db, "x.db", table)
    for _ in range(2):
        db.execute(schema.insert(table), ("1",))
    assert schema.newest(db, table) == 1


def test_what_is_newer_is_counted(db: sqlite3.Connection) -> None:
    """An empty table has nothing newer than nothing."""
    table = capturing()
    schema.prepare(db, "x.db", table)
    assert (schema.newest(db, table), schema.count_above(db, table, 0)) == (0, 0)
    put(db, table)
    put(db, table)
    assert (schema.newest(db, table), schema.count_above(db, table, 1)) == (2, 1)


def test_remembering_replaces(db: sqlite3.Connection) -> None:
    """A key has its last value; an unknown one has none."""
    schema.prepare(db, "x.db", capturing())
    schema.remember(db, "k", 1)
    schema.remember(db, "k", 2)
    assert (schema.recall(db, "k"), schema.recall(db, "other")) == (2, None)


def test_a_refusal_has_a_next_step() -> None:
    """What SQLite says stands in the sentence, what to do in the hint; an unknown one has no hint."""
    with pytest.raises(sqlite3.Error) as caught:
        sqlite3.connect("/nowhere/x.db")
    error = schema.refused(caught.value, "/nowhere/x.db")
    assert "/nowhere/x.db cannot be written: unable to open" in str(error)
    assert "right to write" in str(error.hint)
    assert schema.refused(sqlite3.ProgrammingError("odd"), "x.db").hint is None
