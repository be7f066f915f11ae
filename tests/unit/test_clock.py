"""The clock is a port."""

from __future__ import annotations

from holdfast.clock import Clock


class Wound:
    """Wound by hand."""

    def now(self) -> float:
        return 1.0

    def wall(self) -> float:
        return 2.0

    def boot(self) -> str | None:
        return "one"


def test_whatever_has_both_times_and_a_run_is_a_clock() -> None:
    """A class that knows nothing of Clock can stand in for it: time is an argument."""

    def age(clock: Clock, since: float) -> tuple[float, float, str | None]:
        return clock.now() - since, clock.wall(), clock.boot()

    assert age(Wound(), 0.5) == (0.5, 2.0, "one")
