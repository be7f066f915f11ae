"""The file under the outbox: names, pragmas, and what SQLite's refusals mean."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from threading import Event, Thread

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


@pytest.fixture
def pipe(path: Path) -> Iterator[Path]:
    """A named pipe where the outbox is to be; whoever opens it to read finds that it is empty."""
    os.mkfifo(path)
    over = Event()

    def hang_up() -> None:
        while not over.wait(0.01):
            with suppress(OSError):  # nobody reads
                os.close(os.open(path, os.O_WRONLY | os.O_NONBLOCK))

    other = Thread(target=hang_up)
    other.start()
    yield path
    over.set()
    other.join(10)


@pytest.mark.parametrize(
    "use",
    [
        lambda path: open_outbox(Path(path)).close(),
        sqlite_file.inspect,
        lambda path: sqlite_file.fill(path, lambda _: None),
    ],
)
def test_what_is_no_file_is_refused_and_stays(pipe: Path, use: Callable[[str], object]) -> None:
    """A new file in the place of a pipe or a device would take it from those who use it."""
    with pytest.raises(OutboxUnwritable, match="is a named pipe, and no file") as refused:
        use(str(pipe))
    assert refused.value.hint == "name another one"
    assert pipe.is_fifo()
    assert [one.name for one in pipe.parent.iterdir()] == [pipe.name]
