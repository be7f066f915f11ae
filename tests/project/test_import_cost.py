"""What it costs to say `from holdfast import Client` (contract 30)."""

from __future__ import annotations

import resource
import statistics
import subprocess
import sys

RUNS = 20
BUDGET_S = 0.025

BASE = "import asyncio, ssl, sqlite3"
CLIENT = "from holdfast import Client"


def _cpu_s(statement: str) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-I", "-c", statement], check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def test_the_client_imports_within_its_budget() -> None:
    """Median CPU of 20 interleaved runs: at most 25 ms above `import asyncio, ssl, sqlite3`."""
    pairs = [(_cpu_s(BASE), _cpu_s(CLIENT)) for _ in range(RUNS)]
    base, client = (statistics.median(side) for side in zip(*pairs, strict=True))
    assert client - base <= BUDGET_S, f"{client * 1e3:.0f} ms against {base * 1e3:.0f} ms"


def test_nothing_is_generated_at_a_start() -> None:
    """The client neither has nor loads dataclasses: each would be compiled anew in every program."""
    assert "dataclasses" not in _loaded(CLIENT) - _loaded(BASE)


def _loaded(statement: str) -> set[str]:
    script = f"import sys; {statement}; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-I", "-c", script], check=True, capture_output=True, text=True)
    return set(run.stdout.split())
