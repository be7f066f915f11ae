"""A real process, killed with -9 at a random moment, again and again on one file (promise 1)."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.unit.outbox import accepting
from tests.unit.outbox.files import open_outbox

KILLS = 10
"""With each durability; twenty in all."""


def run_and_kill(path: Path, durability: str, first: int, after_s: float) -> int:
    """The last number told durable; ``first`` - 1 where it came to none."""
    command = [sys.executable, accepting.__file__, str(path), durability, str(first)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        told = process.stdout.readline()
        time.sleep(after_s)
        process.kill()
        rest = process.stdout.read()
    numbers = [int(line) for line in (told + rest).splitlines(keepends=True) if line.endswith("\n")]
    return numbers[-1] if numbers else first - 1


@pytest.mark.parametrize("durability", ["power", "process"])
def test_what_was_told_durable_is_there(tmp_path: Path, durability: str) -> None:
    """Every row told durable is in the file or has ended; none twice, in accept order, books balanced."""
    path = tmp_path / "outbox.db"
    chance = random.Random(4)
    first = 1
    for _ in range(KILLS):
        told = run_and_kill(path, durability, first, chance.uniform(0, 0.15))
        outbox = open_outbox(path)
        restored = outbox.restore()
        rows = [row for _, row in (*restored.sent, *restored.released)]
        while some := outbox.take(1000):
            rows += some
        numbers = [int(row.payload) for row in rows]
        ledger = outbox.ledger()
        assert outbox.close(10)
        assert (outbox.mended, outbox.set_aside) == (None, None)
        assert numbers == sorted(set(numbers))
        assert [row.seq for row in rows] == numbers
        assert ledger.accepted == ledger.pending + ledger.acknowledged
        assert ledger.pending == len(rows)
        assert ledger.accepted >= told
        first = ledger.accepted + 1
    assert first > KILLS
