"""The table of messages that came in; tests/contracts/test_intake.py holds what it is for."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from holdfast.messages import OVERHEAD
from holdfast.outbox import inbound, tables
from holdfast.outbox.intake import Held

MANY = 300


@pytest.fixture
def db() -> Iterator[sqlite3.Connection]:
    db = sqlite3.connect(":memory:", isolation_level=None)
    tables.create(db, "gateway-7", 0)
    yield db
    db.close()


def add(db: sqlite3.Connection, *held: Held) -> None:
    inbound.add(db, [inbound.columns(one, 100.0) for one in held])


def test_many_are_one_after_the_other(db: sqlite3.Connection) -> None:
    """More than one statement holds; and out again by ranges, each owner with what it had."""
    add(db, *[Held(number, "ab"[number % 2], "t", b"xy") for number in range(1, MANY + 1)])
    each = OVERHEAD + 3
    assert inbound.totals(db) == [("a", 150, 150 * each), ("b", 150, 150 * each)]
    assert sorted(inbound.remove(db, [(1, 1), (3, 6), (900, 999)])) == [
        ("a", 2, 2 * each), ("b", 1, each), ("b", 2, 2 * each),
    ]  # fmt: skip
    assert inbound.totals(db) == [("a", 148, 148 * each), ("b", 147, 147 * each)]


def test_the_file_has_outbox_time(db: sqlite3.Connection) -> None:
    """A time means nothing to the next process; at once means at once."""
    add(db, Held(1, "a", "t", b"", next_at=7.0), Held(2, "a", "t", b""))
    assert db.execute("SELECT next_at FROM inbound").fetchall() == [(107.0,), (0.0,)]
    found, _ = inbound.read(db, "a", 0, 10, 40.0)
    assert [held.next_at for held in found] == [67.0, 0.0]


def test_the_last_number_outlives_its_row(db: sqlite3.Connection) -> None:
    """It is not given again."""
    assert inbound.last_number(db) == 0
    add(db, Held(7, "a", "t", b""))
    assert inbound.remove(db, [(7, 7)])
    assert inbound.last_number(db) == 7
    db.execute("DELETE FROM sqlite_sequence")
    assert inbound.last_number(db) == 0


def test_it_is_read_as_of_one_moment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows that are deleted meanwhile do not make it look as if none came behind them."""
    with closing(sqlite3.connect(tmp_path / "x.db", isolation_level=None)) as writer:
        writer.execute("PRAGMA journal_mode=WAL")
        tables.create(writer, "gateway-7", 0)
        add(writer, *[Held(number, "a", "t", b"") for number in range(1, 5)])
        numbers = inbound._numbers

        def then_deleted(*asked: Any) -> list[int]:
            found = numbers(*asked)
            inbound.remove(writer, [(1, 2)])
            return found

        with closing(sqlite3.connect(tmp_path / "x.db", isolation_level=None)) as reader:
            monkeypatch.setattr(inbound, "_numbers", then_deleted)
            assert [held.number for held in inbound.read(reader, "a", 0, 2, 0.0)[0]] == [1, 2]
            monkeypatch.undo()
            assert [held.number for held in inbound.read(reader, "a", 0, 2, 0.0)[0]] == [3, 4]


@pytest.mark.parametrize(
    "broken",
    ["topic = x'00'", "topic = CAST(x'ff' AS TEXT)", "payload = 'x'", "qos = 3", "properties = x'ff'",
     "properties = 7", "arrived = 'x'", "tries = 'x'", "next_at = 'x'"],
)  # fmt: skip
def test_a_row_that_is_no_message_is_passed_over(db: sqlite3.Connection, broken: str) -> None:
    """The others are read, and its number is said."""
    add(db, *[Held(number, "a", "t", b"x", properties={"content_type": "b"}) for number in (1, 2, 3)])
    db.execute(f"UPDATE inbound SET {broken} WHERE number = 2")
    found, passed_over = inbound.read(db, "a", 0, 10, 0.0)
    assert ([held.number for held in found], passed_over) == ([1, 3], [2])


def test_what_the_disk_refuses_is_no_broken_row(db: sqlite3.Connection) -> None:
    """It is said, and nothing is given up."""
    db.execute("DROP TABLE inbound")
    with pytest.raises(sqlite3.OperationalError, match="no such table"):
        inbound.read(db, "a", 0, 10, 0.0)


def test_large_ones_are_read_few_at_a_time(db: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    """At least one, and no more than fit beside each other."""
    monkeypatch.setattr(inbound, "READ_BYTES", 1000)
    add(db, *[Held(number, "a", "t", bytes(size)) for number, size in enumerate((2000, 300, 500, 10), 1)])
    assert [held.number for held in inbound.read(db, None, 0, 10, 0.0)[0]] == [1]
    assert [held.number for held in inbound.read(db, None, 1, 10, 0.0)[0]] == [2, 3]
