"""The one command that replays a seed: the same history, as text, and an exit code."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from holdfast.testing import simulator
from holdfast.testing.simulator.__main__ import main


def test_a_replay_prints_all_that_happened(capsys: pytest.CaptureFixture[str]) -> None:
    """Line by line what the seed lived, the packets of both sides among it."""
    assert main(["--seed", "5", "--trace"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[:-1] == simulator.live(5, keep=None)[1].trace.lines()
    assert any("-> Connect(" in line for line in said)
    assert any("<- Connack(" in line for line in said)
    assert said[-1].startswith("seed 5, ")


def test_many_seeds_print_their_paths(capsys: pytest.CaptureFixture[str]) -> None:
    """What was reached how often, then the verdict."""
    assert main(["--seed", "1", "--count", "2", "--paths"]) == 0
    said = capsys.readouterr().out
    assert "  ended: acknowledged" in said
    assert said.splitlines()[-1].startswith("2 seeds, ")


def test_a_seed_is_the_same_in_every_process() -> None:
    """Nothing but the seed decides: not the order of a set, not the hash of a string."""
    runs = [
        subprocess.run(
            [sys.executable, "-m", "holdfast.testing.simulator", "--seed", "11", "--trace"],
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            capture_output=True,
            check=True,
            timeout=60,
        ).stdout
        for hash_seed in ("1", "2")
    ]
    assert runs[0] == runs[1]
