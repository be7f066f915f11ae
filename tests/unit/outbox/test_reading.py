"""Reading an outbox that somebody else owns, or nobody (contract 26)."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path
from tempfile import mkdtemp

import pytest

from holdfast.errors import OutboxError, OutboxUnwritable
from holdfast.outbox import mounts
from holdfast.outbox.reading import reading
from holdfast.outbox.sqlite_file import FORMAT
from tests.unit.outbox.files import accept, copy_set, open_outbox, query

ROOT = os.geteuid() == 0


def count(path: Path, *, at_rest: bool = False) -> int:
    with reading(str(path), at_rest=at_rest) as db:
        return int(db.execute("SELECT count(*) FROM message").fetchone()[0])


def modes(path: Path) -> set[int]:
    return {file.stat().st_mode & 0o777 for file in path.parent.iterdir() if file.is_file()}


def test_it_is_read_under_its_owner(path: Path) -> None:
    """What the log holds too; and nothing can be written."""
    outbox = open_outbox(path)
    accept(outbox, 3)
    assert count(path) == 3
    with pytest.raises(OutboxUnwritable, match="readonly database"), reading(str(path)) as db:
        db.execute("DELETE FROM message")
    assert outbox.pending == 3
    outbox.close(10)


def test_it_is_read_when_its_owner_is_gone(path: Path) -> None:
    """Closed or killed, with or without a log; what has to be made beside it is in nobody's way."""
    outbox = open_outbox(path)
    accept(outbox, 3)
    killed = copy_set(path, path.parent / "killed")
    outbox.close(10)
    for one in (path, killed):
        assert count(one) == 3
        assert modes(one) <= {0o600, 0o644}  # the copies of this test have no modes of ours
        again = open_outbox(one)
        accept(again)
        again.close(10)


def test_a_file_at_rest_gets_nothing_beside_it(path: Path) -> None:
    """A backup is read as it lies; one that came with its log is read with it."""
    outbox = open_outbox(path)
    accept(outbox, 3)
    logged = copy_set(path, path.parent / "logged")
    outbox.close(10)
    before = sorted(os.listdir(path.parent))
    assert count(path, at_rest=True) == 3
    assert sorted(os.listdir(path.parent)) == before
    assert count(logged, at_rest=True) == 3


def test_there_is_nothing(path: Path) -> None:
    """A wrong name makes no file; an empty file is no outbox yet."""
    for _ in range(2):
        with pytest.raises(OutboxError, match="there is no outbox at") as refused:
            count(path)
        assert refused.value.hint
        path.touch()
    assert path.stat().st_size == 0


def test_what_is_no_outbox(path: Path) -> None:
    """Another file, or another database."""
    path.write_text("notes")
    with pytest.raises(OutboxError, match="is no outbox"):
        count(path)
    with pytest.raises(OutboxUnwritable, match="Is a directory"):
        count(path.parent)


@pytest.mark.parametrize(("format", "what"), [(FORMAT + 1, "newer"), (FORMAT - 1, "older")])
def test_another_format(path: Path, format: int, what: str) -> None:
    """Contract 26: not guessed at; the hint says who changes that."""
    open_outbox(path).close(10)
    query(path, f"PRAGMA user_version={format}")
    with pytest.raises(OutboxError, match=f"written by an? {what} release") as refused:
        count(path)
    assert refused.value.hint


def test_damage_is_said(path: Path) -> None:
    """Contract 1: a reader sets nothing aside; its owner will."""
    outbox = open_outbox(path)
    accept(outbox, 500)
    outbox.close(10)
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(os.urandom(path.stat().st_size - 4096))
    with pytest.raises(OutboxError, match="is damaged") as refused:
        count(path)
    assert "sets it aside" in (refused.value.hint or "")


def test_a_network_file_system_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The memory beside the log is not shared between machines."""
    open_outbox(path).close(10)
    table = path.with_name("mountinfo")
    table.write_text(f"1 0 0:1 / {path.parent} rw - cifs //store.example/x rw\n")
    monkeypatch.setattr(mounts, "TABLE", str(table))
    with pytest.raises(OutboxError, match="is mounted as cifs"):
        count(path)


def test_what_sqlite_says_inside_is_told(path: Path) -> None:
    """As an error of ours, with a next step."""
    open_outbox(path).close(10)
    with pytest.raises(OutboxError, match="no such table"), reading(str(path)) as db:
        db.execute("SELECT * FROM theirs")


ANOTHER_USER = """
import os, sys
from holdfast.errors import HoldfastError
from holdfast.outbox.reading import reading
from pwd import getpwuid  # while what Python is made of can still be read
import encodings.idna
os.setgid(65534); os.setuid(65534)
for path in sys.argv[1:]:
    try:
        with reading(path) as db:
            print(db.execute("SELECT count(*) FROM message").fetchone()[0])
    except HoldfastError as error:
        print(error, "|", error.hint)
"""


@pytest.mark.skipif(not ROOT, reason="only root can become another user")
def test_another_user(path: Path) -> None:
    """Makes nothing that the owner could not use; sees what may be seen; is told whose the file is."""
    folder = Path(mkdtemp())  # tmp_path is in a folder that only we may enter
    try:
        folder.chmod(0o777)
        file, secret = folder / "outbox.db", folder / "secret.db"
        for one in (file, secret):
            open_outbox(one).close(10)
        file.chmod(0o644)
        done = run_as_another(file, secret)
        assert "without making" in done[0]
        assert "sudo -u 'root'" in done[0]
        assert "secret.db cannot be read: Permission denied" in done[1]
        assert not file.with_name("outbox.db-shm").exists()
        outbox = open_outbox(file)  # its owner has made what a reader needs
        accept(outbox, 2)
        assert run_as_another(file) == ["2"]
        outbox.close(10)
        folder.chmod(0o755)  # where nobody else could write, nobody else owns it
        assert run_as_another(file) == ["2"]
    finally:
        shutil.rmtree(folder)


def run_as_another(*paths: Path) -> list[str]:
    command = [sys.executable, "-c", ANOTHER_USER, *map(str, paths)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()


def test_a_lock_held_too_long(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another program that keeps the whole file to itself: said, after a while."""
    open_outbox(path).close(10)
    monkeypatch.setattr("holdfast.outbox.reading.BUSY_S", 0.01)
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("PRAGMA locking_mode=EXCLUSIVE")
    db.execute("BEGIN IMMEDIATE")
    with pytest.raises(OutboxUnwritable, match="database is locked"):
        count(path)
    db.close()
