"""One process owns an outbox file (contract 26)."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from holdfast.errors import OutboxLocked, OutboxUnwritable
from holdfast.outbox.lock import OwnerLock


def test_a_second_owner_is_refused_with_the_pid_of_the_first(tmp_path: Path) -> None:
    """Also in the same process; released, it is free."""
    path = str(tmp_path / "a.db")
    lock = OwnerLock(path)
    with pytest.raises(OutboxLocked, match=f"in use by process {os.getpid()}") as refused:
        OwnerLock(path)
    assert (refused.value.pid, refused.value.path) == (os.getpid(), path)
    assert refused.value.hint
    lock.release()
    lock.release()
    OwnerLock(path).release()


def test_an_owner_that_did_not_say_who_it_is(tmp_path: Path) -> None:
    """A lock file without a number: locked all the same."""
    path = str(tmp_path / "a.db")
    lock = OwnerLock(path)
    Path(f"{path}.lock").write_text("")
    with pytest.raises(OutboxLocked, match="in use by another process") as refused:
        OwnerLock(path)
    assert refused.value.pid is None
    lock.release()


def test_the_number_of_a_commit_outlives_its_owner(tmp_path: Path) -> None:
    """None before anybody noted one; the next owner keeps it, however soon it ends."""
    path = str(tmp_path / "a.db")
    lock = OwnerLock(path)
    assert lock.noted is None
    lock.note(184_202)
    with pytest.raises(OutboxLocked, match=f"process {os.getpid()}, this one$"):
        OwnerLock(path)
    lock.release()
    for _ in range(2):
        lock = OwnerLock(path)
        assert lock.noted == 184_202
        lock.release()
    lock = OwnerLock(path)
    lock.note(7)
    lock.release()
    assert Path(f"{path}.lock").read_text() == f"{os.getpid()} 7"


@pytest.mark.parametrize("text", ["", "4711", "who knows", "4711 soon", "-1 -1"])
def test_a_lock_file_that_does_not_tell(tmp_path: Path, text: str) -> None:
    """By an older release, or another hand: then no commit is known."""
    Path(tmp_path / "a.db.lock").write_text(text)
    lock = OwnerLock(str(tmp_path / "a.db"))
    assert lock.noted is None
    lock.release()


def test_the_lock_file_is_the_owners_alone(tmp_path: Path) -> None:
    """Mode 0600, whatever the umask."""
    lock = OwnerLock(str(tmp_path / "a.db"))
    assert (tmp_path / "a.db.lock").stat().st_mode & 0o777 == 0o600
    lock.release()


def test_a_child_does_not_keep_the_lock_of_its_parent(tmp_path: Path) -> None:
    """A forked child that lives on does not lock out the parent's successor."""
    path = str(tmp_path / "a.db")
    lock = OwnerLock(path)
    ready, done = os.pipe(), os.pipe()
    child = os.fork()
    if not child:
        os.write(ready[1], b"x")
        os.read(done[0], 1)
        os._exit(0)
    os.read(ready[0], 1)
    lock.release()
    OwnerLock(path).release()
    os.write(done[1], b"x")
    os.waitpid(child, 0)
    for end in (*ready, *done):
        os.close(end)


@pytest.mark.parametrize(
    ("path", "hint"), [("no/such/a.db", "mkdir -p"), ("file/a.db", "is a file")], ids=["missing", "a file"]
)
def test_a_folder_that_is_none(tmp_path: Path, path: str, hint: str) -> None:
    """No folder to write in: said with the command that makes it."""
    (tmp_path / "file").write_text("")
    with pytest.raises(OutboxUnwritable, match="cannot be opened") as refused:
        OwnerLock(str(tmp_path / path))
    assert hint in (refused.value.hint or "")
