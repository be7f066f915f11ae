"""The real clock: monotonic seconds, and wall time."""

from __future__ import annotations

import time

from holdfast.client.clock import SystemClock


def test_now_never_runs_back_and_wall_is_the_time_of_day() -> None:
    """``now`` rises; ``wall`` counts from 1970."""
    clock = SystemClock()
    readings = [clock.now() for _ in range(100)]
    assert readings == sorted(readings)
    assert abs(clock.wall() - time.time()) < 5
