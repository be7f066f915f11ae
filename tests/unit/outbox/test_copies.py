"""An outbox file is copied, put back, made another client's (contract 2, 26)."""

from __future__ import annotations

import logging
import os
import shutil
import sqlite3
from pathlib import Path

import pytest

from holdfast.errors import OutboxError, OutboxLocked, OutboxUnwritable
from holdfast.outbox import mounts, sqlite_file
from holdfast.outbox.copies import backup, hand_over, rebind, restore
from holdfast.protocol import Assigned, EpochBegan, Settled
from tests.unit.outbox.files import (
    CLIENT_ID,
    accept,
    copy_set,
    open_and_count,
    open_outbox,
    query,
    seqs,
    write,
)


@pytest.fixture
def kept(path: Path) -> Path:
    """A backup of an outbox with three messages, the first of them in flight; that has gone on since."""
    outbox = open_outbox(path)
    rows = accept(outbox, 3)
    write(outbox, Assigned([(1, rows[0])]))
    backup(str(path), str(path.with_name("kept.db")))
    write(outbox, Settled(rows, "acknowledged"))
    outbox.close(10)
    return path.with_name("kept.db")


def test_a_backup_of_an_outbox_in_use(path: Path) -> None:
    """Whole, with what the log holds, for its owner only, with nothing beside it; the owner goes on."""
    outbox = open_outbox(path)
    accept(outbox, 3)
    to = path.parent / "backups" / "monday.db"
    to.parent.mkdir()
    backup(str(path), str(to))
    accept(outbox, 1)
    outbox.close(10)
    assert [file.name for file in to.parent.iterdir()] == ["monday.db"]
    assert to.stat().st_mode & 0o777 == 0o600
    assert query(to, "SELECT count(*) FROM message") == [(3,)]


def test_a_backup_overwrites_nothing(path: Path) -> None:
    """Not even a link that leads nowhere."""
    open_outbox(path).close()
    to = path.with_name("to.db")
    to.symlink_to(path.with_name("nowhere"))
    with pytest.raises(OutboxError, match=r"there is something at .*to\.db already"):
        backup(str(path), str(to))
    assert to.is_symlink()


def test_a_backup_that_cannot_be_made(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Said, and nothing of it is left."""
    open_outbox(path).close()
    with pytest.raises(OutboxUnwritable, match="cannot be opened"):
        backup(str(path), str(path.parent / "no" / "to.db"))
    monkeypatch.setattr(sqlite_file, "sync_folder", lambda path: fail())
    with pytest.raises(OutboxUnwritable, match=r"to\.db cannot be made: database or disk is full"):
        backup(str(path), str(path.with_name("to.db")))
    assert not path.with_name("to.db.new").exists()


def fail() -> None:
    raise sqlite_file.no_room()


def test_what_was_restored_is_not_resumed(path: Path, kept: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The broker has moved on since: all of it is unsent, and the session begins anew (contract 26)."""
    assert restore(str(kept), str(path)) == 3
    outbox = open_outbox(path)
    assert (outbox.restore().lost, outbox.restore().sent) == (True, [])
    assert seqs(outbox.take(10)) == [1, 2, 3]
    write(outbox, EpochBegan(1))
    outbox.close(10)
    outbox = open_outbox(path)
    assert not outbox.restore().lost
    outbox.close(10)
    assert caplog.records == []  # it was restored on purpose
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_backup_is_restored_where_nothing_is(path: Path, kept: Path) -> None:
    """On another machine, say; the backup is as it was, and can be restored again."""
    before = kept.read_bytes()
    there = path.parent / "new" / "outbox.db"
    there.parent.mkdir()
    assert restore(str(kept), str(there)) == 3
    assert open_and_count(there) == 3
    assert kept.read_bytes() == before
    assert not kept.with_name("kept.db-shm").exists()


def test_messages_that_wait_are_not_overwritten(path: Path, kept: Path) -> None:
    """Unless that is wanted."""
    outbox = open_outbox(path)
    accept(outbox, 2)
    outbox.close(10)
    with pytest.raises(OutboxError, match="holds 2 pending messages, which would be lost") as refused:
        restore(str(kept), str(path))
    assert "--force" in (refused.value.hint or "")
    assert open_and_count(path) == 2
    assert restore(str(kept), str(path), force=True) == 3
    assert open_and_count(path) == 3


def test_an_outbox_in_use_is_not_overwritten(path: Path, kept: Path) -> None:
    """Not by force either."""
    outbox = open_outbox(path)
    with pytest.raises(OutboxLocked) as refused:
        restore(str(kept), str(path), force=True)
    assert refused.value.pid == os.getpid()
    with pytest.raises(OutboxLocked):
        rebind(str(path), "gateway-8", None)
    outbox.close(10)


def test_the_log_of_what_was_there_is_gone(path: Path, kept: Path) -> None:
    """SQLite would else play it into the backup."""
    outbox = open_outbox(path)
    accept(outbox, 1)
    killed = copy_set(path, path.parent / "killed")
    outbox.close(10)
    assert killed.with_name("outbox.db-wal").stat().st_size
    assert restore(str(kept), str(killed), force=True) == 3
    assert sorted(file.name for file in killed.parent.iterdir()) == ["outbox.db", "outbox.db.lock"]
    assert open_and_count(killed) == 3


def damage(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(os.urandom(path.stat().st_size - 4096))


def test_a_backup_that_is_damaged_is_refused(path: Path, kept: Path) -> None:
    """Found before anything is touched."""
    damage(kept)
    with pytest.raises(OutboxError, match="is damaged"):
        restore(str(kept), str(path), force=True)
    assert open_and_count(path) == 0


def test_a_backup_that_is_no_longer_consistent_is_refused(path: Path, kept: Path) -> None:
    """Also where every page can be read: an index without its entries, as a bad disk leaves it."""
    (index,) = query(kept, "SELECT * FROM sqlite_schema WHERE name = 'expiring'")
    by_hand(kept, "DELETE FROM sqlite_schema WHERE name = 'expiring'")
    by_hand(kept, "INSERT INTO message VALUES (9, 't', x'', 1, 0, NULL, 5.0, 0, 0.0, 0, NULL)")
    by_hand(kept, "INSERT INTO sqlite_schema VALUES (?, ?, ?, ?, ?)", *index)
    with pytest.raises(OutboxError, match="is damaged: row 4 missing from index") as refused:
        restore(str(kept), str(path))
    assert "older backup" in (refused.value.hint or "")


def by_hand(path: Path, statement: str, *arguments: object) -> None:
    db = sqlite3.connect(path)
    db.execute("PRAGMA writable_schema=ON")
    db.execute(statement, arguments)
    db.commit()
    db.close()


def test_a_damaged_outbox_is_replaced_by_force(path: Path, kept: Path) -> None:
    """What is lost with it cannot be told."""
    outbox = open_outbox(path)
    accept(outbox, 500)
    outbox.close(10)
    damage(path)
    with pytest.raises(OutboxError, match="what is lost with it is not known") as refused:
        restore(str(kept), str(path))
    assert "--force" in (refused.value.hint or "")
    assert restore(str(kept), str(path), force=True) == 3
    assert open_and_count(path) == 3


@pytest.mark.parametrize("force", [False, True])
def test_what_is_no_outbox_is_left_alone(path: Path, kept: Path, force: bool) -> None:
    """A mistyped name must not cost anybody a file."""
    notes = path.with_name("notes")
    notes.write_text("notes")
    for source, to in ((notes, path), (kept, notes)):
        with pytest.raises(OutboxError, match="is no outbox"):
            restore(str(source), str(to), force=force)
    assert notes.read_text() == "notes"


def test_a_backup_of_an_older_format_is_restored(path: Path, kept: Path) -> None:
    """Contract 26: it is brought up to date by whoever opens it."""
    query(kept, f"PRAGMA user_version={sqlite_file.FORMAT - 1}")
    restore(str(kept), str(path))
    assert query(path, "PRAGMA user_version") == [(sqlite_file.FORMAT - 1,)]
    query(kept, f"PRAGMA user_version={sqlite_file.FORMAT + 1}")
    with pytest.raises(OutboxError, match="newer release"):
        restore(str(kept), str(path))


def test_not_onto_a_network_file_system(path: Path, kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A backup may lie there and is read; an outbox may not."""
    table = path.with_name("mountinfo")
    table.write_text(f"1 0 0:1 / {path.parent} rw - nfs store.example:/ rw\n")
    monkeypatch.setattr(mounts, "TABLE", str(table))
    for refused in (lambda: restore(str(kept), str(path)), lambda: rebind(str(path), "x", None)):
        with pytest.raises(OutboxError, match="is mounted as nfs"):
            refused()
    table.write_text(f"1 0 0:1 / {path.parent}/far rw - nfs store.example:/ rw\n")
    far = path.parent / "far" / "kept.db"
    far.parent.mkdir()
    shutil.copy(kept, far)
    assert restore(str(far), str(path)) == 3


@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes files for others")
def test_what_root_does_is_the_owners(path: Path, kept: Path) -> None:
    """A service that is not root can use what a command of root has put there, and what it left beside it."""
    os.chown(path, 65534, 65534)
    restore(str(kept), str(path))
    path.with_name("outbox.db.reserve").touch()
    hand_over(str(path))
    rebind(str(path), CLIENT_ID, None)
    there = path.parent / "new" / "outbox.db"
    there.parent.mkdir()
    os.chown(there.parent, 65534, 65534)
    restore(str(kept), str(there))
    for folder in (path.parent, there.parent):
        assert {one.stat().st_uid for one in folder.glob("outbox.db*")} == {65534}


def test_a_restore_is_not_a_copy(path: Path, kept: Path, caplog: pytest.LogCaptureFixture) -> None:
    """But a copy of a backup by `cp` is one, and said to be."""
    caplog.set_level(logging.WARNING)
    shutil.copy(kept, path.with_name("by-hand.db"))
    assert open_and_count(path.with_name("by-hand.db")) == 3
    assert "is a copy" in caplog.text
