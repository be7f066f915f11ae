"""The tables of an outbox file, and its books."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from holdfast.messages import Outgoing
from holdfast.outbox import tables
from holdfast.outbox.tables import Books
from tests.contracts.outboxes import wait
from tests.unit.outbox.files import open_outbox, query


def test_a_new_file_begins_its_identifiers_anywhere(path: Path) -> None:
    """A broker may hold QoS 2 identifiers of an earlier file of ours: at 1 each would meet them."""
    starts = set()
    for n in range(8):
        outbox = open_outbox(path.with_name(f"{n}.db"))
        starts.add(outbox.restore().last_packet_id)
        outbox.close()
    assert len(starts) > 4


def test_books_are_copied_before_they_change() -> None:
    """A transaction that fails leaves those of the last commit as they were."""
    books = Books(6, 1, 1, 1, 1, 1, 9, 4, 2, 77, 3.5, 1_000.5)
    copy = books.copy()
    copy.accepted += 1
    assert (books.accepted, copy.accepted, books.ended) == (6, 7, 5)
    assert (books.last, books.commits, books.epoch, books.packet_id) == (9, 4, 2, 77)
    assert (books.at, books.wall) == (3.5, 1_000.5)
    assert Books(*books.values()).values() == books.values()


def test_making_the_tables_is_all_or_nothing() -> None:
    """A file that cannot be filled is left empty, not half an outbox."""
    db = sqlite3.connect(":memory:", isolation_level=None)
    db.execute("CREATE TABLE ids (x)")
    with pytest.raises(sqlite3.OperationalError):
        tables.create(db, "gateway-7", 0)
    assert not db.in_transaction
    assert db.execute("SELECT name FROM sqlite_master").fetchall() == [("ids",)]
    db.close()


def test_rows_are_counted_as_a_budget_counts_them(path: Path) -> None:
    """Reopened, a file weighs what its rows weighed when they were accepted."""
    rows = [Outgoing(0, "Ölstand", bytes(n), 1) for n in (0, 10, 100_000)]
    outbox = open_outbox(path)
    wait(outbox, outbox.accept(rows))
    outbox.close()
    db = sqlite3.connect(path)
    assert tables.count(db) == (3, sum(row.size for row in rows))
    db.close()


@pytest.mark.parametrize("name", ["accepted", "dropped", "last", "commits", "epoch", "packet_id"])
@pytest.mark.parametrize("value", [-125, 1 << 62])
def test_counts_that_cannot_be_are_begun_anew(name: str, value: int) -> None:
    """A flipped bit may make any of them negative, or huge; the others are kept."""
    books = Books(6, 1, 1, 1, 1, 1, 9, 4, 2, 77, 3.5, 1_000.5)
    broken = books.copy()
    setattr(broken, name, value)
    assert (books.sane, broken.sane) == (True, False)
    books = broken.copy()
    books.mend()
    assert books.sane
    assert getattr(books, name) == (1 if name == "commits" else 0)
    assert (books.acknowledged, books.at) == (1, 3.5)


def test_rows_without_a_commit_cannot_be() -> None:
    """Rows are read when their commit has happened: behind none at all nobody would."""
    books = Books(6, 1, 1, 1, 1, 1, 9, 0, 2, 77, 3.5, 1_000.5)
    assert not books.sane
    books.mend()
    assert books.values()[7] == 1
    assert Books(*[0] * 12).sane


def test_the_books_balance_in_the_file(path: Path) -> None:
    """Contract 7, read with SQL: what was accepted has ended, or has a row."""
    outbox = open_outbox(path)
    wait(outbox, outbox.accept([Outgoing(0, "t", b"", 1) for _ in range(5)]))
    outbox.close()
    equation = "accepted - acknowledged - sent - failed - expired - dropped - (SELECT count(*) FROM message)"
    assert query(path, f"SELECT {equation} FROM books") == [(0,)]


def test_what_is_known_of_a_file_is_written_by_key(path: Path) -> None:
    """A value takes the place of the one before; None takes the key away."""
    open_outbox(path).close()
    db = sqlite3.connect(path, isolation_level=None)
    tables.write_meta(db, group="broker.example:1883", restored="backup")
    tables.write_meta(db, group="other.example:1883", restored=None, boot_offset=0.5)
    meta = tables.read_meta(db)
    assert (meta["group"], meta["boot_offset"], "restored" in meta) == ("other.example:1883", 0.5, False)
    assert meta["client_id"] == "gateway-7"
    db.close()


def insert_and_fail(db: sqlite3.Connection) -> None:
    with tables.transaction(db):
        db.execute("INSERT INTO t VALUES (1)")
        raise ZeroDivisionError


def test_a_transaction_is_all_or_nothing() -> None:
    """Whatever ends it, but its end."""
    db = sqlite3.connect(":memory:", isolation_level=None)
    db.execute("CREATE TABLE t (x)")
    with pytest.raises(ZeroDivisionError):
        insert_and_fail(db)
    with tables.transaction(db):
        db.execute("INSERT INTO t VALUES (2)")
    assert db.execute("SELECT x FROM t").fetchall() == [(2,)]
    db.close()
