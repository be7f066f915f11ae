"""The disk beneath the outbox files: a real one, and one that is made slower for a whole process."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import disk, environments
from benchmarks.servers import Unavailable


def test_files_are_put_on_a_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """In memory an fsync costs nothing, so nothing is measured there."""
    monkeypatch.setattr(disk, "filesystem", lambda: "tmpfs")
    with pytest.raises(Unavailable, match="on tmpfs"):
        disk.folder()
    monkeypatch.setattr(disk, "filesystem", lambda: "ext4")
    assert disk.folder().is_dir()


@pytest.mark.skipif(not shutil.which("cc") or sys.platform != "linux", reason="needs a C compiler on Linux")
def test_every_sync_of_a_process_can_be_made_slower(tmp_path: Path) -> None:
    """Whoever makes it, in Python or in C, and in that process alone."""
    case = "accept-1-5ms"
    command = [
        sys.executable,
        "-m",
        "benchmarks.clients.disk_client",
        case,
        "--port",
        "0",
        "--folder",
        str(tmp_path),
    ]
    slow = subprocess.run(
        command, cwd=environments.ROOT, env=environments.variables(5), capture_output=True, check=True
    )
    assert min(json.loads(slow.stdout)["syncs_ms"]) >= 5
    assert "LD_PRELOAD" not in environments.variables()
