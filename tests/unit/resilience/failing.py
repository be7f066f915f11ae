"""Attempts that fail, one after the other."""

from __future__ import annotations

from holdfast.resilience import Reconnect
from holdfast.resilience.failover import Failover

POLICY = Reconnect(attempt_timeout_s=10, fail_back_s=60, stable_s=30)


def failing(failover: Failover[str], times: int, every_s: float = 4.0, from_s: float = 0.0) -> list[str]:
    """The addresses of so many attempts that all fail."""
    dialled = []
    for number in range(times):
        dialled.append(failover.target)
        failover.failed(from_s + number * every_s)
    return dialled
