"""A table that is there already takes our rows as what they are, or is left alone and named."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

import pytest

from holdfast.ingest.errors import SinkError
from holdfast.ingest.sqlite_existing import affinity, check_key, missing_columns, not_unique
from holdfast.ingest.table import Column, ColumnType, Table


@pytest.fixture
def db() -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    yield connection
    connection.close()


def table(*columns: Column, key: tuple[str, ...] = ()) -> Table:
    return Table("readings", columns, key)


def refusal(db: sqlite3.Connection, wanted: Table) -> SinkError:
    with pytest.raises(SinkError) as caught:
        missing_columns(db, "x.db", wanted)
    assert "another table" in str(caught.value.hint)
    return caught.value


@pytest.mark.parametrize(
    "declared",
    ["", "BLOB", "TEXT", "VARCHAR(20)", "clob", "INTEGER", "BIGINT", "REAL", "DOUBLE PRECISION", "FLOAT",
     "NUMERIC", "DECIMAL(10,5)", "DATETIME", "CHARINT", "BOOLEAN"],
)  # fmt: skip
def test_affinities_are_those_of_sqlite(db: sqlite3.Connection, declared: str) -> None:
    """SQLite itself is asked: what it makes of a text that spells a number tells its affinity."""
    db.execute(f"CREATE TABLE t (c {declared})")
    db.execute("INSERT INTO t VALUES ('1.0')")
    db.execute("INSERT INTO t VALUES (1)")
    kinds = tuple(kind for (kind,) in db.execute("SELECT typeof(c) FROM t"))
    made = {"TEXT": ("text", "text"), "BLOB": ("text", "integer"), "REAL": ("real", "real")}
    assert kinds == made.get(affinity(declared), ("integer", "integer"))


@pytest.mark.parametrize(
    ("declared", "type_"),
    [("VARCHAR(20)", "text"), ("BIGINT", "int"), ("DOUBLE", "real"), ("BOOLEAN", "bool"), ("TEXT", "time"),
     ("TEXT", "json"), ("", "blob"), ("BLOB", "any"), ("NUMERIC", "int")],
)  # fmt: skip
def test_a_column_of_the_right_kind_is_taken(
    db: sqlite3.Connection, declared: str, type_: ColumnType
) -> None:
    """However it was declared: what counts is what SQLite does with it; case makes no other name."""
    db.execute(f"CREATE TABLE readings (id INTEGER PRIMARY KEY, Value {declared})")
    assert missing_columns(db, "x.db", table(Column("value", type_))) == []


@pytest.mark.parametrize(
    ("declared", "type_"),
    [("INTEGER", "text"), ("TEXT", "int"), ("INTEGER", "real"), ("TEXT", "real"), ("NUMERIC", "real"),
     ("DATETIME", "time"), ("BLOB", "json"), ("TEXT", "blob"), ("", "text"), ("TEXT", "any"),
     ("REAL", "bool")],
)  # fmt: skip
def test_a_column_of_another_kind_is_named(db: sqlite3.Connection, declared: str, type_: ColumnType) -> None:
    """SQLite would convert what is put there, and nobody would see it."""
    db.execute(f"CREATE TABLE readings (id INTEGER PRIMARY KEY, value {declared})")
    said = str(refusal(db, table(Column("value", type_))))
    assert said.startswith("x.db: column 'value' of table 'readings' is declared ")
    assert said.endswith(f"which cannot hold {type_}")


def test_what_is_missing_is_given(db: sqlite3.Connection) -> None:
    """In the order of the table, so that it can be added."""
    db.execute("CREATE TABLE readings (id INTEGER PRIMARY KEY, b TEXT)")
    wanted = table(Column("a", "int"), Column("b", "text"), Column("c", "real"))
    assert [column.name for column in missing_columns(db, "x.db", wanted)] == ["a", "c"]


def test_what_is_required_cannot_be_added(db: sqlite3.Connection) -> None:
    """The rows that are there have no value for it."""
    db.execute("CREATE TABLE readings (id INTEGER PRIMARY KEY)")
    assert "(without a)" in str(refusal(db, table(Column("a", "int", required=True), Column("b", "int"))))


def test_a_column_that_must_have_a_value_must_be_ours(db: sqlite3.Connection) -> None:
    """Else every row would end in the quarantine; one with a default is no trouble."""
    db.execute(
        "CREATE TABLE readings (id INTEGER PRIMARY KEY, a INT, b INT NOT NULL DEFAULT 1, c INT NOT NULL)"
    )
    assert "column 'c'" in str(refusal(db, table(Column("a", "int"))))
    assert missing_columns(db, "x.db", table(Column("a", "int"), Column("c", "int"))) == []


@pytest.mark.parametrize(
    "declared",
    [
        "(id INTEGER PRIMARY KEY, a TEXT)",
        "(ID integer PRIMARY KEY AUTOINCREMENT, a TEXT)",
        "(a TEXT, id INTEGER, PRIMARY KEY (id))",
    ],
)
def test_an_id_that_numbers_the_rows_is_taken(db: sqlite3.Connection, declared: str) -> None:
    """In whichever of SQLite's spellings."""
    db.execute(f"CREATE TABLE readings {declared}")
    assert missing_columns(db, "x.db", table(Column("a", "text"))) == []


@pytest.mark.parametrize(
    "declared",
    [
        "(id TEXT PRIMARY KEY DEFAULT (hex(randomblob(16))), a TEXT)",
        "(id INT PRIMARY KEY, a TEXT)",
        "(id BIGINT, a TEXT)",
        "(id INTEGER, a TEXT)",
        "(id INTEGER PRIMARY KEY DESC, a TEXT)",
        "(id INTEGER PRIMARY KEY, a TEXT) WITHOUT ROWID",
        "(id INTEGER, a TEXT, PRIMARY KEY (id, a))",
        "(id INTEGER, a TEXT PRIMARY KEY)",
    ],
)
def test_an_id_that_does_not_number_the_rows_is_named(db: sqlite3.Connection, declared: str) -> None:
    """It would be null, or have no order to count new rows by: SQLite numbers an INTEGER PRIMARY KEY only."""
    db.execute(f"CREATE TABLE readings {declared}")
    said = str(refusal(db, table(Column("a", "text"))))
    assert said.startswith("x.db: column 'id' of table 'readings' is not INTEGER PRIMARY KEY")


def test_a_key_that_is_there_must_be_this_one(db: sqlite3.Connection) -> None:
    """Else rows would be one by another key than was asked for, or by one although none was."""
    db.execute("CREATE TABLE readings (id INTEGER PRIMARY KEY, Line TEXT, at TEXT)")
    columns = (Column("line", "text"), Column("at", "time"))
    check_key(db, "x.db", table(*columns, key=("line",)))
    db.execute("CREATE UNIQUE INDEX readings_key ON readings (Line)")
    check_key(db, "x.db", table(*columns, key=("line",)))
    for key, words in ((("line", "at"), r"is \(Line\), not \(line, at\)"), ((), "none is asked for")):
        with pytest.raises(SinkError, match=words) as caught:
            check_key(db, "x.db", table(*columns, key=key))
        assert 'DROP INDEX "readings_key"' in str(caught.value.hint)


def test_rows_that_break_the_key_are_told() -> None:
    """With the key, and what to do about them."""
    error = not_unique("x.db", table(Column("line", "text"), key=("line",)))
    assert "(line)" in str(error)
    assert "delete all but one" in str(error.hint)
