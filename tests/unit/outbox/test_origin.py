"""A copy, or an older state of the file, is not resumed from (contract 26)."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from holdfast.outbox.mounts import Mount
from holdfast.outbox.origin import doubt, place

HERE = {"device": 2049, "inode": 12}
KNOWN = {**HERE, "boot": "run 1", "client_id": "gateway-7"}


@pytest.mark.parametrize(
    ("changed", "boot", "why"),
    [
        ({}, "run 1", None),
        ({"inode": 13}, "run 1", "a copy"),
        ({"inode": 13}, "run 2", "a copy"),
        ({"inode": 13}, None, "a copy"),
        ({"device": 2050}, "run 1", "a copy"),
        ({"device": 2050}, "run 2", None),
        ({"device": 2050}, None, None),
        ({"device": 0}, "run 1", None),
    ],
)
def test_a_copy_lies_elsewhere(changed: dict[str, Any], boot: str | None, why: str | None) -> None:
    """Another inode always; another disk only while the machine runs on, and where both are real ones."""
    said = doubt({**KNOWN, **changed}, HERE, boot, 5, 5)
    assert said is None if why is None else why in (said or "")


@pytest.mark.parametrize(
    ("noted", "why"), [(None, None), (4, None), (5, None), (6, "commit 5, where 6 has been")]
)
def test_an_older_file_is_behind_the_lock(noted: int | None, why: str | None) -> None:
    """A killed owner leaves the number of its opening, which is never ahead of the books."""
    said = doubt(KNOWN, HERE, "run 1", 5, noted)
    assert said is None if why is None else why in (said or "")


def test_a_file_that_was_never_opened_is_believed() -> None:
    """It has been made just now, or comes from an older release."""
    assert doubt({"client_id": "gateway-7"}, HERE, "run 1", 0, 100) is None


@pytest.mark.parametrize("key", ["inode", "device", "group"])
def test_damage_may_take_a_key_away(key: str) -> None:
    """A bit of it in the file is another one, and no check of SQLite's notices."""
    meta = {name: value for name, value in {**KNOWN, "group": "a1"}.items() if name != key}
    assert "does not say any more" in (doubt(meta, HERE, "run 1", 5, 5, bound=True) or "")


def test_a_file_of_no_broker_has_no_group() -> None:
    """A tool has opened it, or a session without addresses."""
    assert doubt(KNOWN, HERE, "run 1", 5, 5, bound=False) is None


def test_the_place_of_a_file(tmp_path: Path) -> None:
    """Its inode, and its device where that is a real one; on FAT neither means anything."""
    path = tmp_path / "a.db"
    path.touch()
    found = path.stat()
    device = found.st_dev if os.major(found.st_dev) else 0
    assert place(str(path), None) == {"device": device, "inode": found.st_ino}
    assert place(str(path), Mount("/", "ext4")) == {"device": device, "inode": found.st_ino}
    assert place(str(path), Mount("/boot", "vfat")) == {"device": 0, "inode": 0}
