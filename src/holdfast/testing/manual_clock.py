"""A clock that stands still until it is wound: what tests and the simulator live by."""

from __future__ import annotations


class ManualClock:
    """``holdfast.clock.Clock`` by hand: ``now`` never runs back, ``wall`` may jump (contract 27)."""

    __slots__ = ("_now", "_wall_offset_s")

    def __init__(self, now: float = 1_000.0, wall: float = 1_700_000_000.0) -> None:
        """Both in seconds; ``wall`` counts from 1970-01-01 UTC."""
        self._now = now
        self._wall_offset_s = wall - now

    def now(self) -> float:
        """Seconds that never jump back."""
        return self._now

    def wall(self) -> float:
        """Seconds since 1970-01-01 UTC, ``jump_wall`` included."""
        return self._now + self._wall_offset_s

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
