"""The clock is a port."""

from __future__ import annotations

from holdfast.clock import Clock


class Wound:
    """Wound by hand."""

    def now(self) -> float:
        return 1.0

    def wall(self) -> float:
        return 2.0


def test_whatever_has_both_times_is_a_clock() -> None:
    """A class that knows nothing of Clock can stand in for it: time is an argument."""

    def age(clock: Clock, since: float) -> tuple[float, float]:
        return clock.now() - since, clock.wall()

    assert age(Wound(), 0.5) == (0.5, 2.0)
