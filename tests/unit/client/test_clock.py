"""The real clock: monotonic seconds, and wall time."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

from holdfast.client import clock
from holdfast.client.clock import SystemClock


def test_now_never_runs_back_and_wall_is_the_time_of_day() -> None:
    """``now`` rises; ``wall`` counts from 1970."""
    machine = SystemClock()
    readings = [machine.now() for _ in range(100)]
    assert readings == sorted(readings)
    assert abs(machine.wall() - time.time()) < 5


def test_a_run_of_the_machine_has_one_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same for every process until the machine starts again; None where the system does not say."""
    here = SystemClock().boot()
    script = "from holdfast.client.clock import SystemClock; print(SystemClock().boot())"
    run = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    assert run.stdout.strip() == str(here)
    monkeypatch.setattr(clock, "_BOOT_ID", "/nowhere/boot_id")
    assert SystemClock().boot() is None
