"""The simulator sees: bugs planted into a scratch copy of the core are found, by the right promise's name."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.simulation.planted import BUGS, Bug

SOURCE = Path(__file__).resolve().parents[2] / "src" / "holdfast"
SEEDS = 300


def explore(tree: Path) -> subprocess.CompletedProcess[str]:
    """Run the simulator of a source tree in a process of its own."""
    command = [sys.executable, "-m", "holdfast.testing.simulator", "--count", str(SEEDS)]
    environment = {**os.environ, "PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True, timeout=110)


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name.replace(" ", "-"))
def test_a_planted_bug_is_found_by_the_right_promise(bug: Bug, tmp_path: Path) -> None:
    """Within 300 seeds; and the report ends with the one command that replays it."""
    shutil.copytree(SOURCE, tmp_path / "holdfast", ignore=shutil.ignore_patterns("__pycache__"))
    file = tmp_path / "holdfast" / bug.file
    text = file.read_text()
    assert text.count(bug.old) == 1, f"the core has changed: {bug.old!r} stands {text.count(bug.old)} times"
    file.write_text(text.replace(bug.old, bug.new))

    result = explore(tmp_path)

    assert result.returncode == 1, f"not found in {SEEDS} seeds:\n{result.stdout[-2000:]}{result.stderr[-2000:]}"
    first, *_, last = result.stdout.strip().splitlines()
    assert f": {bug.promise}: " in first, result.stdout[-4000:]
    assert last.startswith("replay: python -m holdfast.testing.simulator --seed ")
