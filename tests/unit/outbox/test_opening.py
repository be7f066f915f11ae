"""What is found under the name of an outbox, and what becomes of it (contract 1, 2, 7, 26)."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import pytest

from holdfast.errors import OutboxError, OutboxLocked, OutboxUnwritable
from holdfast.outbox import mounts, sqlite_file
from holdfast.outbox.sqlite import SqliteOutbox
from holdfast.testing.manual_clock import ManualClock
from tests.unit.outbox.files import CLIENT_ID, accept, open_and_count, open_outbox, query, seqs


def closed(path: Path) -> SqliteOutbox:
    return SqliteOutbox(path, ManualClock())


def test_a_new_file_is_its_owners_alone(path: Path) -> None:
    """Mode 0600, and that of the log beside it; nothing is made before open()."""
    outbox = closed(path)
    assert list(path.parent.iterdir()) == []
    outbox.open(CLIENT_ID)
    accept(outbox)
    modes = {file.name: file.stat().st_mode & 0o777 for file in path.parent.iterdir()}
    assert set(modes) >= {"outbox.db", "outbox.db-wal", "outbox.db.lock"}
    assert set(modes.values()) == {0o600}
    outbox.close()


def test_the_client_id_is_made_once_and_kept(path: Path) -> None:
    """Contract 2: without one given, the file has it ever after."""
    outbox = closed(path)
    made = outbox.open()
    outbox.close()
    assert made.startswith("holdfast-")
    assert closed_id(path) == made


def closed_id(path: Path) -> str:
    outbox = closed(path)
    client_id = outbox.open()
    outbox.close()
    return client_id


def test_another_client_id_is_refused_with_the_command_that_rebinds(path: Path) -> None:
    """Contract 2: a file copied to the next gateway; nothing in it is touched, and it is free again."""
    open_outbox(path).close()
    with pytest.raises(
        OutboxError, match="belongs to the client id 'gateway-7', not to 'gateway-8'"
    ) as refused:
        closed(path).open("gateway-8")
    assert f"holdfast outbox rebind {path}" in (refused.value.hint or "")
    assert closed_id(path) == CLIENT_ID


def test_a_second_owner_is_refused(path: Path) -> None:
    """Contract 26: whichever name led there."""
    outbox = open_outbox(path)
    link = path.with_name("link.db")
    link.symlink_to(path)
    with pytest.raises(OutboxLocked) as refused:
        closed(link).open(CLIENT_ID)
    assert refused.value.pid == os.getpid()
    outbox.close()
    open_outbox(link).close()


@pytest.mark.parametrize("content", [b"not a database", b"x" * 5000, b"SQLite format 3"])
def test_what_is_no_database_is_left_alone(path: Path, content: bytes) -> None:
    """A wrong path must not cost anybody a file."""
    path.write_bytes(content)
    with pytest.raises(OutboxError, match="is no outbox: it is not a database") as refused:
        closed(path).open(CLIENT_ID)
    assert (refused.value.path, refused.value.hint) == (str(path), "name another file")
    assert path.read_bytes() == content


def test_a_database_of_something_else_is_left_alone(path: Path) -> None:
    """SQLite, but not ours."""
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE theirs (x)")
    db.close()
    before = path.read_bytes()
    with pytest.raises(OutboxError, match="a database of something else"):
        closed(path).open(CLIENT_ID)
    assert path.read_bytes() == before


def test_a_newer_format_is_refused_untouched(path: Path) -> None:
    """Contract 26."""
    open_outbox(path).close()
    query(path, f"PRAGMA user_version={sqlite_file.FORMAT + 1}")
    before = path.read_bytes()
    with pytest.raises(OutboxError, match="newer release") as refused:
        closed(path).open(CLIENT_ID)
    assert "upgrade" in (refused.value.hint or "")
    assert path.read_bytes() == before


def test_an_empty_file_becomes_an_outbox(path: Path) -> None:
    """What `touch` or `mktemp` leaves; its name is taken by a whole file at once."""
    path.touch()
    path.with_name("outbox.db.new").write_bytes(b"left over by a crash")
    outbox = open_outbox(path)
    accept(outbox)
    outbox.close()
    assert not path.with_name("outbox.db.new").exists()
    assert open_and_count(path) == 1


def test_a_damaged_outbox_is_set_aside(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Contract 1: what it knew is lost, said and kept beside; service goes on in a new file."""
    outbox = open_outbox(path)
    accept(outbox, 500)
    outbox.close()
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(os.urandom(size - 4096))
    broken = path.read_bytes()
    outbox = open_outbox(path)
    assert (outbox.pending, outbox.set_aside is not None) == (0, True)
    assert outbox.restore().lost
    assert "is damaged" in caplog.text
    assert Path(outbox.set_aside or "").read_bytes()[4096:] == broken[4096:]
    accept(outbox)
    outbox.close()
    outbox = open_outbox(path)  # nobody has begun a new session yet: still to be told
    assert (outbox.pending, outbox.restore().lost) == (1, True)
    outbox.close()


@pytest.mark.parametrize("statement", ["DROP TABLE message", "DELETE FROM books", "DELETE FROM meta"])
def test_an_outbox_without_its_tables_is_damaged(path: Path, statement: str) -> None:
    """Somebody's hand in the file: as damage."""
    open_outbox(path).close()
    db = sqlite3.connect(path)
    db.execute(statement)
    db.commit()
    db.close()
    outbox = open_outbox(path)
    assert outbox.set_aside is not None
    outbox.close()


def test_books_that_do_not_balance_are_reported(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Contract 7: the messages that are there are kept and counted; the report names both numbers."""
    outbox = open_outbox(path)
    rows = accept(outbox, 5)
    outbox.close()
    db = sqlite3.connect(path)
    db.execute("DELETE FROM message WHERE id = 2")
    db.commit()
    db.close()
    outbox = open_outbox(path)
    assert "its books say 5 pending, there are 4 messages" in (outbox.mended or "")
    assert "there are 4 messages" in caplog.text
    assert outbox.pending == 4
    assert seqs(outbox.take(10)) == [row.seq for row in rows if row.seq != 2]
    outbox.close()
    outbox = open_outbox(path)
    assert outbox.mended is None
    outbox.close()


@pytest.mark.parametrize("commits", [0, -125])
def test_books_that_cannot_be_are_mended(path: Path, commits: int) -> None:
    """A flipped bit in them costs no message: what is there goes out, in a new session."""
    outbox = open_outbox(path)
    rows = accept(outbox, 5)
    outbox.close()
    db = sqlite3.connect(path)
    db.execute("UPDATE books SET commits = ?", (commits,))
    db.commit()
    db.close()
    outbox = open_outbox(path)
    assert "its books cannot be, there are 5 messages" in (outbox.mended or "")
    assert outbox.restore().lost
    assert seqs(outbox.take(10)) == seqs(rows)
    assert accept(outbox)[0].seq == 6
    outbox.close()


def test_a_network_file_system_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Contract 26: before anything is made there."""
    table = path.with_name("mountinfo")
    table.write_text(f"1 0 0:1 / {path.parent} rw - nfs4 store.example:/ rw\n")
    monkeypatch.setattr(mounts, "TABLE", str(table))
    with pytest.raises(OutboxError, match=f"{path.parent} is mounted as nfs4"):
        closed(path).open(CLIENT_ID)
    assert list(path.parent.iterdir()) == [table]


def test_a_folder_that_is_missing(path: Path) -> None:
    """Said with the command that makes it."""
    with pytest.raises(OutboxUnwritable, match="cannot be opened") as refused:
        closed(path / "deeper" / "a.db").open(CLIENT_ID)
    assert "mkdir -p" in (refused.value.hint or "")


def test_a_path_that_is_a_folder(path: Path) -> None:
    """A folder is no file."""
    path.mkdir()
    with pytest.raises(OutboxUnwritable, match="Is a directory") as refused:
        closed(path).open(CLIENT_ID)
    assert "name a file in it" in (refused.value.hint or "")


def test_what_sqlite_refuses_is_no_damage(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that is full, or rights that are missing: refused with a hint, and nothing is moved."""
    open_outbox(path).close()

    def refuse(path: str, durability: str = "power") -> sqlite3.Connection:
        error = sqlite3.OperationalError("attempt to write a readonly database")
        error.sqlite_errorcode = sqlite3.SQLITE_READONLY
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(sqlite_file, "connect", refuse)
        with pytest.raises(OutboxUnwritable, match="readonly") as refused:
            closed(path).open(CLIENT_ID)
    assert "right to write" in (refused.value.hint or "")
    outbox = open_outbox(path)
    assert outbox.set_aside is None
    outbox.close()
