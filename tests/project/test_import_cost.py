"""What it costs to say `from holdfast import Client` (contract 30)."""

from __future__ import annotations

import resource
import statistics
import subprocess
import sys

RUNS = 20
ATTEMPTS = 3
MOST = 25 / 60
"""25 ms where BASE takes 60, as on the machine of contract 30: another is slower at both, a busy one, too."""

BASE = "import asyncio, ssl, sqlite3"
CLIENT = "from holdfast import Client"


def _cpu_s(statement: str) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-I", "-c", statement], check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def test_the_client_imports_within_its_budget() -> None:
    """Median CPU of 20 interleaved runs: at most 25/60 of `import asyncio, ssl, sqlite3` above it.

    What else the machine does can only add to that, so one of three such medians is enough.
    """
    above: list[float] = []
    while not above or (min(above) > MOST and len(above) < ATTEMPTS):
        above.append(_above_base())
    assert min(above) <= MOST, f"{[round(one, 3) for one in above]} of the base"


def _above_base() -> float:
    pairs = [(_cpu_s(BASE), _cpu_s(CLIENT)) for _ in range(RUNS)]
    base, client = (statistics.median(side) for side in zip(*pairs, strict=True))
    return float(client / base - 1)


def test_nothing_is_generated_at_a_start() -> None:
    """The client neither has nor loads dataclasses: each would be compiled anew in every program."""
    assert "dataclasses" not in _loaded(CLIENT) - _loaded(BASE)


def _loaded(statement: str) -> set[str]:
    script = f"import sys; {statement}; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-I", "-c", script], check=True, capture_output=True, text=True)
    return set(run.stdout.split())
