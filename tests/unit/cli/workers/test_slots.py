"""Names, files and locks of slots."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from holdfast.cli.workers.slots import Slots
from holdfast.errors import ConfigurationError, OutboxLocked, OutboxUnwritable


def test_a_slot_is_a_client_id_and_a_file(tmp_path: Path) -> None:
    """Both are its name and its number, the same at every start."""
    slots = Slots(str(tmp_path), "plant")
    assert slots.client_id(3) == "plant-3"
    assert slots.path(3) == str(tmp_path / "plant-3.db")


@pytest.mark.parametrize("name", ["plant/7", "plant\0"])
def test_a_name_that_no_file_can_have_is_refused(name: str) -> None:
    """Before anything is made."""
    with pytest.raises(ConfigurationError, match="cannot be the name of a slot's file"):
        Slots("slots", name)


def test_the_slots_that_are_there(tmp_path: Path) -> None:
    """Those of this name with a file, in the order of their numbers; nothing else in the folder counts."""
    for name in (
        "a.b-10.db",
        "a.b-2.db",
        "a.b-2.db.lock",
        "a.b-3.db-wal",
        "a.b-07.db",
        "axb-4.db",
        "a.b-x.db",
    ):
        (tmp_path / name).touch()
    assert Slots(str(tmp_path), "a.b").there() == [2, 10]


def test_a_removed_slot_leaves_nothing(tmp_path: Path) -> None:
    """Its file, log, lock and reserve; the files of slot 11 are not those of slot 1."""
    slots = Slots(str(tmp_path), "w[1]")
    own = [f"w[1]-1.db{end}" for end in ("", "-wal", "-shm", ".lock", ".reserve")]
    for name in (*own, "w[1]-11.db", "w[1]-1.dbx"):
        (tmp_path / name).touch()
    slots.remove(1)
    slots.remove(1)
    assert sorted(os.listdir(tmp_path)) == ["w[1]-1.dbx", "w[1]-11.db"]


def test_one_command_at_a_time(tmp_path: Path) -> None:
    """The second is told which process has them, and may have them afterwards; another name is free."""
    folder = str(tmp_path / "made" / "slots")
    with Slots(folder, "plant").held():
        with (
            pytest.raises(OutboxLocked, match=f"are run by process {os.getpid()}") as refused,
            Slots(folder, "plant").held(),
        ):
            pass
        assert refused.value.pid == os.getpid()
        with Slots(folder, "other").held():
            pass
    with Slots(folder, "plant").held():
        pass


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    """A sentence with the flag that names another one."""
    (tmp_path / "file").touch()
    with (
        pytest.raises(OutboxUnwritable, match="cannot be made") as refused,
        Slots(str(tmp_path / "file"), "plant").held(),
    ):
        pass
    assert "--slots" in (refused.value.hint or "")
