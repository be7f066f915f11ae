"""The demo's own database is made anew each time."""

from __future__ import annotations

from pathlib import Path

import pytest

from holdfast.cli.demo.show import _fresh
from holdfast.ingest import SinkError


def test_the_folder_is_made_and_the_last_run_removed(tmp_path: Path) -> None:
    """Nothing of an earlier run stands among what this one makes; other files are left alone."""
    folder = tmp_path / "a" / "demo"
    database, outboxes = _fresh(folder)
    for name in ("vitals.db", "vitals.db-wal", "vitals.db-shm", "notes.txt"):
        (folder / name).write_text("old")
    for end in ("", "-wal", "-shm", ".lock", ".reserve"):
        (outboxes / f"gateway-6.db{end}").write_text("old")
    for name in ("gateways.log", "gateway-60.db", "notes.txt"):
        (outboxes / name).write_text("old")
    assert _fresh(folder) == (database, outboxes) == (folder / "vitals.db", folder / "outbox")
    assert {path.name for path in folder.iterdir()} == {"outbox", "notes.txt"}
    assert {path.name for path in outboxes.iterdir()} == {"gateway-60.db", "notes.txt"}


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    """The sentence names the database, the hint the flag."""
    (tmp_path / "file").write_text("")
    with pytest.raises(SinkError, match=r"vitals\.db cannot be made") as caught:
        _fresh(tmp_path / "file" / "demo")
    assert caught.value.hint == "choose another --folder"
