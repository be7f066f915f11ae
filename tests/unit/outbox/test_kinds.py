"""What stands under a name and is no file."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from holdfast.outbox.kinds import irregular


def test_a_file_and_nothing_are_as_they_should_be(tmp_path: Path) -> None:
    """Behind a link, too; what cannot be looked at is left to whoever opens it."""
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to("file")
    for name in ("file", "link", "nothing", "file/below"):
        assert irregular(str(tmp_path / name)) is None


def test_what_is_no_file_has_a_word(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """For a sentence that says why it is refused."""
    monkeypatch.chdir(tmp_path)  # the path of a socket must be short
    os.mkfifo("pipe")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("socket")
        found = [irregular(name) for name in ("pipe", "socket", os.devnull, ".")]
    assert found == ["a named pipe", "a socket", "a device", "a folder"]
