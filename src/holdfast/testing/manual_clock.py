"""A clock that stands still until it is wound: what tests and the simulator live by."""

from __future__ import annotations


class ManualClock:
    """``holdfast.clock.Clock`` by hand: ``now`` never runs back, ``wall`` may jump (contract 27)."""

    __slots__ = ("_boots", "_now", "_wall_offset_s")

    def __init__(self, now: float = 1_000.0, wall: float = 1_700_000_000.0) -> None:
        """Both in seconds; ``wall`` counts from 1970-01-01 UTC."""
        self._now = now
        self._wall_offset_s = wall - now
        self._boots = 1

    def now(self) -> float:
        """Seconds that never jump back."""
        return self._now

    def wall(self) -> float:
        """Seconds since 1970-01-01 UTC, ``jump_wall`` included."""
        return self._now + self._wall_offset_s

    def boot(self) -> str:
        """The run of this machine."""
        return f"run {self._boots}"

    def reboot(self, off_s: float = 0.0, wall: float | None = None) -> None:
        """Start the machine again after ``off_s`` without power; ``now`` counts from 0 again.

        ``wall`` is what the wall clock then shows; None: it went on by a battery.
        """
        shown = self.wall() + off_s if wall is None else wall
        self._now, self._wall_offset_s = 0.0, shown
        self._boots += 1

    def advance(self, seconds: float) -> None:
        """Let this much time pass. Raises ValueError for a negative number."""
        if seconds < 0:
            raise ValueError(f"time does not run back: advance({seconds})")
        self._now += seconds

    def advance_to(self, moment: float) -> None:
        """Let time pass until ``now()`` is this; a moment in the past changes nothing."""
        self._now = max(self._now, moment)

    def jump_wall(self, seconds: float) -> None:
        """Set the wall clock forward or, with a negative number, back; ``now`` is untouched."""
        self._wall_offset_s += seconds
