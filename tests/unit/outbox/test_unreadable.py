"""What stands in the tables and is no message, no number, no line of anything any more (contract 1)."""

from __future__ import annotations

from pathlib import Path

import pytest

from holdfast.outbox.sqlite import SqliteOutbox
from holdfast.protocol import Parked
from tests.unit.outbox.files import accept, edit, open_outbox, query, seqs, write

NO_TEXT = "topic = CAST(x'ff41' AS TEXT)"
NO_MESSAGE = (NO_TEXT, "topic = 'a/#'", "payload = 'text'", "qos = 7", "properties = x'ff'")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """The file of an outbox with five messages."""
    outbox = open_outbox(tmp_path / "outbox.db")
    accept(outbox, 5)
    outbox.close()
    return tmp_path / "outbox.db"


def is_damaged(path: Path) -> bool:
    outbox = open_outbox(path)
    outbox.close()
    return outbox.set_aside is not None


@pytest.mark.parametrize(
    "statement",
    [
        "PRAGMA user_version=0",
        "UPDATE books SET last = 'x'",
        "UPDATE meta SET value = x'00'",
        "INSERT INTO flight VALUES (1, 1, x'00')",
        "INSERT INTO flight VALUES (1, 1, x'')",
        "INSERT INTO flight VALUES (1, 1, 'text')",
        "INSERT INTO flight VALUES (1, 9, zeroblob(12))",
        "INSERT INTO ids VALUES (1, 'text')",
    ],
)
def test_what_the_outbox_counts_with_is_looked_at_before(path: Path, statement: str) -> None:
    """A format that never was, books and identifiers that are no numbers: damage, and no exception."""
    edit(path, statement)
    assert is_damaged(path)


def test_a_key_that_is_none_is_damage(path: Path) -> None:
    """One bit in the word INTEGER, and the numbers of rows are those of nobody."""
    path.write_bytes(path.read_bytes().replace(b"message (id INTEGER", b"message (id INTEFER"))
    assert is_damaged(path)


def test_books_that_end_before_the_messages_do(path: Path) -> None:
    """As an old log over a newer file leaves them: all messages go out, and no number is given twice."""
    edit(path, "UPDATE books SET last = 0, accepted = 0")
    outbox = open_outbox(path)
    assert "there are 5 messages; these are kept, and counted, up to number 5" in (outbox.mended or "")
    assert outbox.restore().lost
    assert seqs(outbox.take(10)) == [1, 2, 3, 4, 5]
    assert seqs(accept(outbox)) == [6]
    assert (outbox.ledger().accepted, outbox.pending) == (6, 6)
    outbox.close()


def told_of(outbox: SqliteOutbox) -> list[tuple[list[int], str, str]]:
    told: list[tuple[list[int], str, str]] = []
    outbox.on_ended = lambda rows, ending, why: told.append((seqs(rows), ending, why))
    return told


@pytest.mark.parametrize("column", NO_MESSAGE)
def test_a_waiting_row_that_is_no_message_is_given_up(
    path: Path, column: str, caplog: pytest.LogCaptureFixture
) -> None:
    """It is dropped, with the reason, and those behind it go out; it is not found again."""
    edit(path, f"UPDATE message SET {column} WHERE id = 2")
    outbox = open_outbox(path)
    told = told_of(outbox)
    assert seqs(outbox.take(10)) == [1, 3, 4, 5]
    outbox.sweep(2_000.0)
    outbox.sweep(2_001.0)
    assert told == [([2], "dropped", "unreadable")]
    assert "1 messages cannot be read any more" in caplog.text
    assert (outbox.pending, outbox.ledger().dropped) == (4, 1)
    accept(outbox)
    assert outbox.close(10)
    assert query(path, "SELECT id FROM message") == [(1,), (3,), (4,), (5,), (6,)]


def test_a_parked_row_that_is_no_message_is_given_up(path: Path) -> None:
    """When somebody asks for it."""
    outbox = open_outbox(path)
    (row,) = outbox.take(1)
    write(outbox, Parked(row, 0x95, "too large"))
    outbox.close()
    edit(path, f"UPDATE message SET {NO_TEXT} WHERE id = 1")
    outbox = open_outbox(path)
    outbox.unpark(lambda row: True)
    outbox.sweep(2_000.0)
    assert (outbox.pending, outbox.parked, outbox.ledger().dropped) == (4, 0, 1)
    assert outbox.close(10)


def test_latest_per_topic_passes_over_what_it_cannot_read(path: Path) -> None:
    """What is superseded is not known from there on, and nothing is lost by it."""
    edit(path, f"UPDATE message SET {NO_TEXT} WHERE id = 2")
    outbox = open_outbox(path, overflow="latest_per_topic")
    assert seqs(outbox.take(10)) == [1, 3, 4, 5]
    outbox.close()
