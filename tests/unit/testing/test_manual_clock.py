"""A clock that only tests can move."""

from __future__ import annotations

import pytest

from holdfast.testing.manual_clock import ManualClock


def test_it_stands_still_until_it_is_wound() -> None:
    """Both times move together, by exactly what was asked for."""
    clock = ManualClock(now=10.0, wall=1_000.0)
    assert (clock.now(), clock.wall()) == (10.0, 1_000.0)
    clock.advance(2.5)
    assert (clock.now(), clock.wall()) == (12.5, 1_002.5)


def test_it_advances_to_a_moment_and_never_back() -> None:
    """A moment that has passed changes nothing."""
    clock = ManualClock(now=10.0)
    clock.advance_to(11.0)
    clock.advance_to(5.0)
    assert clock.now() == 11.0


def test_a_negative_step_is_refused() -> None:
    """The session's clock never jumps back (contract 27)."""
    with pytest.raises(ValueError, match="does not run back"):
        ManualClock().advance(-0.1)


def test_the_wall_may_jump_alone() -> None:
    """As when somebody sets the time of the machine (contract 27)."""
    clock = ManualClock(now=10.0, wall=1_000.0)
    clock.jump_wall(-86_400.0)
    assert (clock.now(), clock.wall()) == (10.0, 1_000.0 - 86_400.0)


def test_a_machine_starts_again() -> None:
    """``now`` counts anew in a run of another name; the wall went on by its battery, or begins in 1970."""
    clock = ManualClock(now=10.0, wall=1_000.0)
    before = clock.boot()
    clock.reboot(off_s=60.0)
    assert (clock.now(), clock.wall()) == (0.0, 1_060.0)
    assert clock.boot() not in (before, None)
    clock.reboot(off_s=60.0, wall=5.0)
    clock.advance(1.0)
    assert (clock.now(), clock.wall()) == (1.0, 6.0)
