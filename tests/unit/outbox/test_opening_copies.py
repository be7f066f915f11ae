"""A copy of an outbox, an older state, a file that is gone: begun anew, not resumed (contract 1, 26)."""

from __future__ import annotations

import logging
import shutil
from pathlib import Path

import pytest

from holdfast.outbox.sqlite import SqliteOutbox
from holdfast.protocol import Assigned, EpochBegan
from tests.unit.outbox.files import accept, open_outbox, query, seqs, write


def in_flight(path: Path) -> None:
    """Five messages, two of them sent; closed."""
    outbox = open_outbox(path)
    accept(outbox, 5, qos=2)
    write(outbox, Assigned(list(zip((1, 2), outbox.take(2), strict=True))))
    assert outbox.close(10)


def assert_begun_anew(outbox: SqliteOutbox, epoch: int = 1) -> None:
    """Nothing is resumed, everything is unsent; what had been sent is uncertain."""
    restored = outbox.restore()
    assert (restored.lost, restored.sent, restored.released) == (True, [], [])
    assert restored.epoch == epoch
    rows = outbox.take(10)
    assert seqs(rows) == [1, 2, 3, 4, 5]
    assert [row.uncertain for row in rows] == [True, True, False, False, False]


def test_the_same_file_is_resumed(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Opened again and again where it lies, also moved within its disk: nothing to remark."""
    in_flight(path)
    moved = path.with_name("moved.db")
    path.rename(moved)
    for _ in range(2):
        outbox = open_outbox(moved)
        assert [packet_id for packet_id, _ in outbox.restore().sent] == [1, 2]
        assert not outbox.restore().lost
        outbox.close(10)
    assert caplog.records == []


def test_a_copy_is_not_resumed(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The one that it was copied from has used the identifiers; said, and until a new epoch has begun."""
    in_flight(path)
    copied = path.with_name("copied.db")
    shutil.copy(path, copied)
    for epoch in (1, 2):  # a process that never came to a connection has changed nothing
        outbox = open_outbox(copied)
        assert_begun_anew(outbox, epoch)
        outbox.close(10)
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    assert "copied.db is a copy of a file that was used elsewhere" in caplog.text
    outbox = open_outbox(copied)
    write(outbox, EpochBegan(4))
    outbox.close(10)
    outbox = open_outbox(copied)
    assert not outbox.restore().lost
    outbox.close(10)


def test_an_older_state_is_not_resumed(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """`cp` of a backup over the file: its books are behind what the lock file tells."""
    in_flight(path)
    backup = path.with_name("backup.db")
    shutil.copy(path, backup)
    outbox = open_outbox(path)
    accept(outbox)
    outbox.close(10)
    shutil.copyfile(backup, path)
    outbox = open_outbox(path)
    assert_begun_anew(outbox)
    outbox.close(10)
    assert "is older than the file that was used here: commit 2, where 3 has been" in caplog.text


def test_a_killed_owner_is_no_doubt(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Its lock file tells of its opening: the books are ahead of that."""
    in_flight(path)
    lock = path.with_name("outbox.db.lock")
    before = lock.read_text()
    outbox = open_outbox(path)
    accept(outbox)
    outbox.close(10)
    lock.write_text(before)
    outbox = open_outbox(path)
    assert not outbox.restore().lost
    outbox.close(10)
    assert caplog.records == []


def test_a_file_that_is_gone(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Contract 1: the state is known to be lost, and the session begins anew; no doubt the next time."""
    in_flight(path)
    path.unlink()
    outbox = open_outbox(path)
    assert (outbox.pending, outbox.restore().lost) == (0, True)
    write(outbox, EpochBegan(1))
    outbox.close(10)
    assert "outbox.db is gone: a new outbox is begun" in caplog.text
    caplog.clear()
    outbox = open_outbox(path)
    assert not outbox.restore().lost
    outbox.close(10)
    assert caplog.records == []


def test_a_file_that_never_held_anything_may_go(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Without a commit nothing is lost."""
    open_outbox(path).close(10)
    path.unlink()
    outbox = open_outbox(path)
    assert not outbox.restore().lost
    outbox.close(10)
    assert caplog.records == []


def test_where_it_lies_is_in_the_file(path: Path) -> None:
    """Contract 26: written at every opening."""
    open_outbox(path).close(10)
    assert query(path, "SELECT value FROM meta WHERE key = 'inode'") == [(path.stat().st_ino,)]
