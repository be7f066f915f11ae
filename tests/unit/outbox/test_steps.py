"""What a commit writes, as steps of one statement."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import Any

import pytest

from holdfast.messages import HIGH, Outgoing
from holdfast.outbox import tables
from holdfast.outbox.keys import BASE
from holdfast.outbox.rows import RowCodec
from holdfast.outbox.steps import EMPTIED, ENDED, HOLD, RELEASE, SIZES, Steps, prepare
from holdfast.outbox.tables import RECEIVED, WITHHELD, Books
from holdfast.outbox.timeline import Timeline
from holdfast.testing.manual_clock import ManualClock

BOOKS = Books(6, 1, 1, 1, 1, 1, 9, 4, 2, 77, 3.5, 1_000.5)
MOST = SIZES[-1]


class Watched(sqlite3.Connection):
    """Remembers what it is asked to do."""

    seen: list[str]

    def execute(self, sql: str, /, *arguments: Any) -> sqlite3.Cursor:
        self.seen.append(sql.split()[0])
        return super().execute(sql, *arguments)


@pytest.fixture
def db() -> Iterator[Watched]:
    db = sqlite3.connect(":memory:", isolation_level=None, factory=Watched)
    db.seen = []
    tables.create(db, "gateway-7", 0)
    prepare(db)
    yield db
    db.close()


@pytest.fixture
def statements(db: Watched) -> list[str]:
    """The first words of what it is asked to do from now on."""
    db.seen.clear()
    return db.seen


def rows(count: int) -> list[Outgoing]:
    return [Outgoing(n + 1, f"t/{n}", b"x", 1) for n in range(count)]


def flat(rows: list[Outgoing]) -> list[Any]:
    return RowCodec(Timeline(ManualClock())).flat(rows)


def test_a_usual_commit_is_one_statement(db: sqlite3.Connection, statements: list[str]) -> None:
    """Rows in, a line of flight, others out, identifiers, books: all of it, begun and committed by itself."""
    steps = Steps(db)
    steps.messages(flat(rows(5)))
    steps.line(1, 1, b"packed")
    steps.line(2, 2, b"more")
    steps.pairs(ENDED, [(1, 2), (4, 4)])
    steps.pairs(EMPTIED, [(1, 1)])
    steps.pairs(HOLD, [(RECEIVED, 7), (RECEIVED, 8), (WITHHELD, 7), (RECEIVED, 7)])
    steps.pairs(RELEASE, [(RECEIVED, 8)])
    steps.books(BOOKS)
    steps.commit()
    assert statements == ["INSERT"]
    assert not db.in_transaction
    assert db.execute("SELECT id, topic FROM message").fetchall() == [(3, "t/2"), (5, "t/4")]
    assert db.execute("SELECT * FROM flight").fetchall() == [(2, 2, b"more")]
    assert db.execute("SELECT * FROM ids").fetchall() == [(RECEIVED, 7), (WITHHELD, 7)]
    assert tables.read_books(db).values() == BOOKS.values()


@pytest.mark.parametrize("count", [1, 2, MOST - 1, MOST])
def test_one_statement_holds_as_many_as_it_may(
    db: sqlite3.Connection, statements: list[str], count: int
) -> None:
    """What it is filled up with does nothing."""
    steps = Steps(db)
    steps.messages(flat(rows(count)))
    steps.commit()
    assert statements == ["INSERT"]
    assert db.execute("SELECT count(*), max(id) FROM message").fetchone() == (count, count)
    assert db.execute("SELECT count(*) FROM flight").fetchone() == (0,)


def test_more_than_one_holds_are_one_transaction(db: sqlite3.Connection, statements: list[str]) -> None:
    """Several statements, and nobody sees a part of them."""
    steps = Steps(db)
    steps.messages(flat(rows(2 * MOST + 1)))
    steps.commit()
    assert statements == ["BEGIN", "INSERT", "INSERT", "INSERT", "COMMIT"]
    assert db.execute("SELECT count(*) FROM message").fetchone() == (2 * MOST + 1,)


def test_statements_of_others_come_in_between(db: sqlite3.Connection, statements: list[str]) -> None:
    """They find what was gathered before them, and are committed with what follows."""
    steps = Steps(db)
    steps.messages(flat(rows(3)))
    steps.begin()
    db.execute("UPDATE message SET tries = 7 WHERE id = 2")
    steps.pairs(ENDED, [(1, 1)])
    steps.begin()
    steps.commit()
    assert statements == ["BEGIN", "INSERT", "UPDATE", "INSERT", "COMMIT"]
    assert db.execute("SELECT id, tries FROM message").fetchall() == [(2, 7), (3, 0)]


def test_nothing_is_nothing(db: sqlite3.Connection, statements: list[str]) -> None:
    """No statement for no step."""
    Steps(db).commit()
    assert statements == []


@pytest.mark.parametrize("count", [1, MOST + 1])
def test_a_step_that_fails_takes_the_others_with_it(db: sqlite3.Connection, count: int) -> None:
    """In one statement or in many: all of them or none."""
    steps = Steps(db)
    steps.messages(flat(rows(count)))
    steps.messages(flat(rows(1)))
    steps.books(BOOKS)
    with pytest.raises(sqlite3.IntegrityError):
        steps.commit()
    if db.in_transaction:
        db.execute("ROLLBACK")
    assert db.execute("SELECT count(*) FROM message").fetchone() == (0,)
    assert tables.read_books(db).accepted == 0


def test_a_row_has_what_its_message_has(db: sqlite3.Connection) -> None:
    """Properties and expiry where there are any, else NULL; a retained one of its class."""
    plain = Outgoing(1, "t", b"", 2, retain=True, priority=HIGH)
    whole = Outgoing(2, "t", bytes(5000), 1, properties={"content_type": "a"}, expires_at=0.0)
    steps = Steps(db)
    steps.messages(flat([plain, whole]))
    steps.commit()
    found = db.execute("SELECT id, retain, properties, expires_at, uncertain, tries, parked FROM message")
    assert found.fetchall() == [
        (1 + BASE[HIGH], 1, None, None, 0, 0, None),
        (2, 0, b"\x04\x03\x00\x01a", 0.0, 0, 0, None),
    ]


def test_the_file_has_nothing_of_it(db: sqlite3.Connection) -> None:
    """View and triggers are the connection's: another format they would be."""
    assert db.execute("SELECT count(*) FROM sqlite_master WHERE type IN ('view', 'trigger')").fetchone() == (
        0,
    )
