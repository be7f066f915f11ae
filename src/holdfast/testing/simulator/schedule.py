"""What will happen when: one heap, and ties in the order they were made."""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop, heappush
from typing import Any

from holdfast.testing.manual_clock import ManualClock


class Owner:
    """Somebody things happen to: a dead one's events fall away, a frozen one's wait."""

    __slots__ = ("alive", "frozen_until")

    def __init__(self) -> None:
        self.alive = True
        self.frozen_until = 0.0


class Schedule:
    """Calls to come, by time."""

    __slots__ = ("_clock", "_heap", "_serial")

    def __init__(self, clock: ManualClock) -> None:
        self._clock = clock
        self._heap: list[tuple[float, int, Owner, Callable[..., None], tuple[Any, ...]]] = []
        self._serial = 0

    @property
    def now(self) -> float:
        """Seconds on the virtual clock."""
        return self._clock.now()

    def at(self, moment: float, owner: Owner, call: Callable[..., None], *arguments: Any) -> None:
        """Call this at a moment, which is now if it has passed."""
        self._serial += 1
        heappush(self._heap, (max(moment, self.now), self._serial, owner, call, arguments))

    def after(self, delay_s: float, owner: Owner, call: Callable[..., None], *arguments: Any) -> None:
        """Call this when so much time has passed."""
        self.at(self.now + delay_s, owner, call, *arguments)

    def next(self) -> tuple[Callable[..., None], tuple[Any, ...]] | None:
        """Move to the next event and give it; None when nothing will ever happen."""
        while self._heap:
            moment, serial, owner, call, arguments = heappop(self._heap)
            if not owner.alive:
                continue
            if owner.frozen_until > moment:
                heappush(self._heap, (owner.frozen_until, serial, owner, call, arguments))
                continue
            self._clock.advance_to(moment)
            return call, arguments
        return None
