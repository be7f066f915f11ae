"""The simulator sees: bugs planted into a scratch copy of the core are found, by the right promise's name."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from holdfast.testing.simulator import Promise
from tests.simulation import planted, planted_disk, planted_groups
from tests.simulation.planted import Bug

BUGS = (*planted.BUGS, *planted_disk.BUGS, *planted_groups.BUGS)
SOURCE = Path(__file__).resolve().parents[2] / "src" / "holdfast"


def explore(tree: Path, seeds: int, first: int = 0) -> subprocess.CompletedProcess[str]:
    """Run the simulator of a source tree in a process of its own."""
    command = [
        sys.executable,
        "-m",
        "holdfast.testing.simulator",
        "--seed",
        str(first),
        "--count",
        str(seeds),
    ]
    environment = {**os.environ, "PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True, timeout=110)


def test_every_promise_can_be_broken() -> None:
    """A check that no bug ever trips would be no check: each promise has a bug of its own below."""
    assert {bug.promise for bug in BUGS} == {promise.name for promise in Promise}


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name.replace(" ", "-"))
def test_a_planted_bug_is_found_by_the_right_promise(bug: Bug, tmp_path: Path) -> None:
    """Within so many seeds; and the report ends with the one command that replays it."""
    shutil.copytree(SOURCE, tmp_path / "holdfast", ignore=shutil.ignore_patterns("__pycache__"))
    file = tmp_path / "holdfast" / bug.file
    text = file.read_text()
    assert bug.old in text, f"the core has changed: {bug.old!r} is not there to be replaced"
    file.write_text(text.replace(bug.old, bug.new))

    result = explore(tmp_path, bug.seeds, bug.first)

    assert result.returncode == 1, (
        f"not found in {bug.seeds} seeds from {bug.first} on:\n{result.stdout[-2000:]}{result.stderr[-2000:]}"
    )
    first, *_, last = result.stdout.strip().splitlines()
    print(f"{bug.name}: {first}")
    assert any(f": {promise}: " in first for promise in (bug.promise, *bug.also)), result.stdout
    assert last.startswith("replay: python -m holdfast.testing.simulator --seed ")
