"""What is broken when."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.cli.demo.plan import KEEPALIVE_S, ORDER, plan

SECONDS = st.floats(15, 600)


def test_the_seed_is_the_plan() -> None:
    """The same seed breaks the same things at the same times, another one at others."""
    assert plan(30, 7) == plan(30, 7)
    assert plan(30, 7) != plan(30, 8)


@given(SECONDS, st.integers())
def test_every_fault_once_and_the_brokers_kill_last(seconds: float, seed: int) -> None:
    """One of each kind, in order; what a killed broker forgets cannot spoil what comes after it."""
    assert tuple(fault.kind for fault in plan(seconds, seed)) == ORDER
    assert ORDER[-1] == "kill -9"


@given(SECONDS, st.integers())
def test_each_fault_has_time_to_heal(seconds: float, seed: int) -> None:
    """The broker is back before the next fault, and before the end, with room to spare."""
    faults = plan(seconds, seed)
    ends = [fault.at_s + fault.away_s for fault in faults]
    begins = [fault.at_s for fault in faults[1:]] + [seconds]
    assert all(end < begin for end, begin in zip(ends, begins, strict=True))


@given(st.floats(30, 600), st.integers())
def test_a_freeze_lasts_until_it_is_noticed(seconds: float, seed: int) -> None:
    """Longer than 1.5 times the keepalive: nobody sleeps through it."""
    freeze = next(fault for fault in plan(seconds, seed) if fault.kind == "freeze")
    assert freeze.away_s > 1.5 * KEEPALIVE_S


@given(st.floats(10, 600), st.integers())
def test_readings_wait_when_the_gateways_are_killed(seconds: float, seed: int) -> None:
    """The broker is away long enough before it, and not so long that it is noticed."""
    fault = next(fault for fault in plan(seconds, seed) if fault.kind == "gateways")
    assert 0.8 <= fault.away_s < 1.5 * KEEPALIVE_S


@pytest.mark.parametrize("seconds", [10, 30, 600])
def test_a_cut_takes_no_time(seconds: float) -> None:
    """The broker is never away for it."""
    assert plan(seconds, 1)[0].away_s == 0
