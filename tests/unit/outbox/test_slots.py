"""One name for the outboxes of many processes (contract 26)."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from holdfast.errors import ConfigurationError, OutboxError, OutboxUnwritable
from holdfast.outbox import slots
from holdfast.outbox.lock import OwnerLock
from holdfast.outbox.slots import check_slots, open_slot

HOLDER = """
import sys
from holdfast.outbox.sqlite import SqliteOutbox
from holdfast.outbox.slots import open_slot
from holdfast.testing.manual_clock import ManualClock

def open_one(path, client_id):
    outbox = SqliteOutbox(path, ManualClock())
    return outbox, outbox.open(client_id)

outbox, client_id = open_slot(sys.argv[1], sys.argv[2] or None, open_one)
print(outbox.path.rpartition("/")[2], client_id, flush=True)
sys.stdin.read()
"""


@contextmanager
def process(path: Path, client_id: str = "") -> Iterator[tuple[str, str]]:
    """A process that holds a slot until the end; the file and the client id it got."""
    command = [sys.executable, "-c", HOLDER, str(path), client_id]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        file, made = running.stdout.readline().split()
        yield file, made
        running.kill()


def names(path: str, client_id: str | None) -> tuple[str, str | None]:
    """An ``open_one`` that opens nothing."""
    return path, client_id


def test_two_processes_share_no_file_and_no_client_id(tmp_path: Path) -> None:
    """Each takes the first that is free; one that was killed frees its own, with the client id in it."""
    pattern = tmp_path / "{slot}.db"
    with process(pattern) as first, process(pattern) as second:
        assert (first[0], second[0]) == ("0.db", "1.db")
        assert first[1] != second[1]
    with process(pattern, "") as again:
        assert again == first


def test_an_orphan_is_adopted_before_a_new_file_is_made(tmp_path: Path) -> None:
    """What an ended process left in slot 3 is somebody's again, although 1 and 2 are not there."""
    pattern = tmp_path / "{slot}.db"
    (tmp_path / "3.db").touch()
    with ExitStack() as stack:
        got = [stack.enter_context(process(pattern, "gw-{slot}")) for _ in range(3)]
    assert got == [("3.db", "gw-3"), ("0.db", "gw-0"), ("1.db", "gw-1")]


def test_a_path_without_a_slot_is_opened_as_it_is() -> None:
    """Then all this does nothing."""
    assert open_slot("/srv/a.db", "gateway-7", names) == ("/srv/a.db", "gateway-7")
    assert open_slot("/srv/a.db", None, names) == ("/srv/a.db", None)


def test_all_are_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bounded: a thousand, here three."""
    monkeypatch.setattr(slots, "MOST", 3)
    pattern = str(tmp_path / "{slot}.db")
    locks = [open_slot(pattern, None, lambda path, client_id: OwnerLock(path)) for _ in range(3)]
    with pytest.raises(OutboxError, match=r"all 3 slots of .* are in use") as refused:
        open_slot(pattern, None, lambda path, client_id: OwnerLock(path))
    assert refused.value.hint
    for lock in locks:
        lock.release()


def test_only_a_lock_leads_to_the_next(tmp_path: Path) -> None:
    """A folder that is missing is told, not tried a thousand times."""
    with pytest.raises(OutboxUnwritable, match=r"0\.db cannot be opened"):
        open_slot(str(tmp_path / "no" / "{slot}.db"), None, lambda path, client_id: OwnerLock(path))


@pytest.mark.parametrize(
    ("path", "client_id", "sentence"),
    [
        ("dir/{slot}.db", "gateway-7", "would be the client 'gateway-7'"),
        ("dir/{slot}/a.db", None, "in the name of its folder"),
        ("dir/{slot}/{slot}.db", "gw-{slot}", "in the name of its folder"),
        ("dir/a.db", "gw-{slot}", "is filled in by an outbox with"),
    ],
)
def test_what_cannot_be(path: str, client_id: str | None, sentence: str) -> None:
    """Contract 20: two processes must not be one client; said before anything is opened."""
    with pytest.raises(ConfigurationError, match=sentence) as refused:
        check_slots(path, client_id)
    assert "{slot}" in (refused.value.hint or "") or "a.db" in (refused.value.hint or "")


@pytest.mark.parametrize("client_id", [None, "gw-{slot}"])
def test_what_can(client_id: str | None) -> None:
    """A client id with a slot in it, or one that the file makes."""
    check_slots("dir/a-{slot}.db", client_id)
