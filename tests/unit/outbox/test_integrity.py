"""Damage that SQLite does not report by itself: in the log, and in pages nobody has read yet (contract 1)."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from holdfast.outbox import integrity
from holdfast.outbox.sqlite import SqliteOutbox
from holdfast.protocol import Assigned
from tests.contracts.outboxes import wait
from tests.unit.outbox.files import accept, copy_set, crash, open_outbox, query

FRAME = 24 + 4096
COMMITS = 6


def killed(outbox: SqliteOutbox, path: Path) -> Path:
    """What a kill at this moment would leave, in its place."""
    left = copy_set(path, path.parent / "left")
    outbox.close()
    for file in left.parent.iterdir():
        (path.parent / file.name).write_bytes(file.read_bytes())
    (path.parent / f"{path.name}.lock").unlink()
    return path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """What a kill leaves of an outbox with six commits in its log, two frames each at least."""
    outbox = open_outbox(tmp_path / "outbox.db")
    for _ in range(COMMITS):
        accept(outbox)
    return killed(outbox, tmp_path / "outbox.db")


def log_of(path: Path) -> Path:
    return path.with_name(f"{path.name}-wal")


def flip(file: Path, place: int) -> None:
    data = bytearray(file.read_bytes())
    data[place] ^= 0x10
    file.write_bytes(data)


def opened(path: Path) -> tuple[int, bool]:
    """How many messages a new process finds, and whether it was told of damage."""
    outbox = open_outbox(path)
    found = outbox.pending, outbox.set_aside is not None or outbox.mended is not None
    assert outbox.restore().lost is found[1]
    accept(outbox)
    assert outbox.close()
    return found


def test_a_log_that_is_whole(path: Path) -> None:
    """What a kill leaves: nothing to report, nothing missing."""
    assert not integrity.has_lost_commits(str(path))
    assert opened(path) == (COMMITS, False)


def test_no_log_at_all(path: Path) -> None:
    """What an orderly end leaves, and a log that was just made."""
    query(path, "PRAGMA wal_checkpoint(TRUNCATE)")
    assert not integrity.has_lost_commits(str(path))
    log_of(path).write_bytes(b"")
    assert not integrity.has_lost_commits(str(path))
    assert opened(path) == (COMMITS, False)


@pytest.mark.parametrize("missing", [1, FRAME // 2, FRAME])
def test_a_torn_tail_is_healed(path: Path, missing: int) -> None:
    """The commit that the power cut interrupted was never told durable: all before it is there."""
    log = log_of(path)
    log.write_bytes(log.read_bytes()[:-missing])
    assert opened(path) == (COMMITS - 1, False)


def test_garbage_at_the_end_is_a_torn_tail(path: Path) -> None:
    """A sector of the last frame that was never written."""
    log = log_of(path)
    data = log.read_bytes()
    log.write_bytes(data[:-600] + bytes(512) + data[-88:])
    assert opened(path) == (COMMITS - 1, False)


@pytest.mark.parametrize("place", [8, 32 + 12, 32 + 24 + 100], ids=["header", "salt", "first"])
def test_a_flipped_bit_in_the_log_is_told(path: Path, place: int, caplog: pytest.LogCaptureFixture) -> None:
    """To SQLite it would be the end of the log, and every commit behind it gone in silence."""
    flip(log_of(path), place)
    assert opened(path) == (0, True)
    assert "commits are lost out of its log" in caplog.text


def test_what_stands_before_the_break_goes_on(path: Path) -> None:
    """In a new session; of QoS 2 nothing is certain, as it may have ended, and no number is given twice."""
    outbox = open_outbox(path)
    numbers = [row.seq for row in accept(outbox, 2, qos=2)]
    wait(outbox, outbox.write([Assigned([(1, row) for row in outbox.take(1)])]))
    accept(outbox)
    accept(outbox)
    left = crash(path, path.parent / "again")
    outbox.close()
    flip(log_of(left), log_of(left).read_bytes().rindex(b"plant/1/temp") - 2 * FRAME)
    outbox = open_outbox(left)
    restored = outbox.restore()
    assert outbox.mended is not None
    assert (restored.lost, restored.sent, outbox.set_aside) == (True, [], None)
    rows = outbox.take(100)
    assert [row.seq for row in rows][: COMMITS + 2] == [*range(1, COMMITS + 1), *numbers]
    assert [row.seq for row in rows if row.uncertain] == numbers
    assert accept(outbox)[0].seq > max(row.seq for row in rows)
    outbox.close()


def test_what_an_earlier_crash_left_means_nothing(path: Path) -> None:
    """Two torn tails in one log: behind the end of the second stands the rest of the first."""
    outbox = open_outbox(path)
    accept(outbox, 400)
    killed(outbox, path)
    flip(log_of(path), -100)
    before = log_of(path).read_bytes()
    outbox = open_outbox(path)
    assert outbox.pending == COMMITS
    accept(outbox)
    killed(outbox, path)
    place = next(at for at, byte in enumerate(log_of(path).read_bytes()) if byte != before[at])
    assert place < len(before) - 5 * FRAME
    flip(log_of(path), place + FRAME)
    assert opened(path) == (COMMITS, False)


def test_what_stands_behind_an_old_log_means_nothing(tmp_path: Path) -> None:
    """A log that began anew is written over the old one, whose frames still stand behind it."""
    outbox = open_outbox(tmp_path / "outbox.db")
    accept(outbox, 2000)
    assert outbox._writer is not None
    outbox._writer._store.empty_log()
    accept(outbox)
    left = crash(tmp_path / "outbox.db", tmp_path / "left")
    outbox.close()
    assert log_of(left).stat().st_size > 10 * FRAME
    assert not integrity.has_lost_commits(str(left))
    assert opened(left) == (2001, False)


def test_a_page_that_is_damaged_is_found_at_once(tmp_path: Path) -> None:
    """Not when its messages come to the head of the line, in a running program."""
    path = tmp_path / "outbox.db"
    outbox = open_outbox(path)
    accept(outbox, 500, payload=bytes(200))
    outbox.close()
    with path.open("r+b") as file:
        file.seek(path.stat().st_size - 4096)
        page = file.read(8)
        file.seek(-8, 1)
        file.write(page[:3] + b"\0\1" + page[5:])  # fewer cells than there are
    assert opened(path) == (0, True)


@pytest.mark.parametrize("to", [b"accepted_aX", b"accepted_\xe1t"], ids=["another", "no text"])
def test_a_table_without_its_columns_is_damaged(tmp_path: Path, to: bytes) -> None:
    """Also where the name is no text any more."""
    path = tmp_path / "outbox.db"
    open_outbox(path).close()
    data = path.read_bytes()
    assert data.count(b"accepted_at") > 1
    path.write_bytes(data.replace(b"accepted_at", to))
    assert opened(path) == (0, True)


@pytest.mark.parametrize("column", ["topic = CAST(x'ff41' AS TEXT)", "properties = x'ffff'"])
def test_a_row_in_flight_that_cannot_be_read(tmp_path: Path, column: str) -> None:
    """A topic that is no UTF-8, properties that are none: as damage, not as an exception."""
    path = tmp_path / "outbox.db"
    outbox = open_outbox(path)
    (row,) = accept(outbox)
    wait(outbox, outbox.write([Assigned([(1, row)])]))
    outbox.close()
    db = sqlite3.connect(path)
    db.execute(f"UPDATE message SET {column}")
    db.commit()
    db.close()
    assert opened(path) == (0, True)


def test_a_log_of_the_other_byte_order(path: Path) -> None:
    """Its magic number says how the checksums are counted."""
    log = log_of(path)
    data = bytearray(log.read_bytes())
    data[3] ^= 1
    sums = (0, 0)
    for start, size in [(0, 24), *((at, FRAME) for at in range(32, len(data), FRAME))]:
        parts = [(start, size)] if not start else [(start, 8), (start + 24, size - 24)]
        for first, length in parts:
            sums = integrity.checksum(bytes(data[first : first + length]), sums, integrity.WORDS[data[3] & 1])
        place = start + (16 if start else 24)
        data[place : place + 8] = sums[0].to_bytes(4, "big") + sums[1].to_bytes(4, "big")
    log.write_bytes(data)
    assert not integrity.has_lost_commits(str(path))
    assert opened(path) == (COMMITS, False)
