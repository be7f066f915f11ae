"""The file under the outbox: names, pragmas, and what SQLite's refusals mean."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from holdfast.errors import OutboxUnwritable
from holdfast.outbox import sqlite_file
from tests.unit.outbox.files import accept, open_and_count, open_outbox


def test_two_damaged_files_do_not_take_each_others_name(path: Path) -> None:
    """Set aside within one second: both are kept."""
    names = []
    for content in (b"one", b"two"):
        path.write_bytes(content)
        names.append(sqlite_file.set_aside(str(path)))
    assert [Path(name).read_bytes() for name in names] == [b"one", b"two"]


def test_a_name_with_anything_in_it(path: Path) -> None:
    """A path is a path, whatever a URI would make of it; opening it anew makes no file."""
    odd = path.with_name("50% ?mode=memory#ä.db")
    outbox = open_outbox(odd)
    accept(outbox)
    outbox.close()
    assert open_and_count(odd) == 1
    with pytest.raises(sqlite3.OperationalError, match="unable to open"):
        sqlite_file.connect(str(path))


@pytest.mark.parametrize(("durability", "synchronous"), [("power", 2), ("process", 1)])
def test_durability_is_when_the_disk_is_asked(path: Path, durability: str, synchronous: int) -> None:
    """Promise 1: FULL syncs each commit; NORMAL only checkpoints, and a power cut then costs the newest."""
    open_outbox(path).close()
    db = sqlite_file.connect(str(path), durability)  # type: ignore[arg-type]
    assert db.execute("PRAGMA synchronous").fetchone() == (synchronous,)
    assert db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    db.close()


@pytest.mark.parametrize(
    ("code", "hint"),
    [
        (sqlite3.SQLITE_FULL, "make room"),
        (sqlite3.SQLITE_IOERR | 4 << 8, "look at the disk"),
        (sqlite3.SQLITE_READONLY, "right to write"),
        (sqlite3.SQLITE_CORRUPT, "set aside"),
    ],
)
def test_a_refusal_names_the_next_step(code: int, hint: str) -> None:
    """Facts, a sentence and a hint; extended codes mean what their kind means."""
    error = sqlite3.OperationalError("no")
    error.sqlite_errorcode = code
    refused = sqlite_file.refused(error, "a.db")
    assert (refused.path, str(refused)) == ("a.db", "a.db cannot be written: no")
    assert hint in (refused.hint or "")


def test_a_file_that_cannot_be_made(path: Path) -> None:
    """Said as such; nothing is left under its name."""
    path.with_name("outbox.db.new").mkdir()
    with pytest.raises(OutboxUnwritable, match="Is a directory"):
        sqlite_file.fill(str(path), lambda db: None)
    assert not path.exists()
