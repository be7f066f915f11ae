"""An event loop in a time of its own, which passes while nobody has anything to do."""

from __future__ import annotations

import asyncio
from selectors import SelectorKey, SelectSelector

from holdfast.testing.manual_clock import ManualClock

TURN_S = 1e-7
"""What each turn takes: asyncio compares sums of floats."""


class VirtualLoop(asyncio.SelectorEventLoop):
    """It waits for no file and no thread; what is due is done at once, and the clock stands there."""

    def __init__(self, clock: ManualClock) -> None:
        super().__init__(_NoFiles(clock))
        self._now = clock.now

    def time(self) -> float:
        """The clock's."""
        return self._now()

    def die(self) -> None:
        """As the end of a process, but for the warnings: nothing of what waits here goes on."""
        for _ in range(20):
            for task in asyncio.all_tasks(self):
                task.cancel()
                task._log_destroy_pending = False  # type: ignore[attr-defined]
            self.call_soon(self.stop)
            self.run_forever()
        self.close()


class _NoFiles(SelectSelector):
    def __init__(self, clock: ManualClock) -> None:
        super().__init__()
        self._clock = clock

    def select(self, timeout: float | None = None) -> list[tuple[SelectorKey, int]]:
        """Nothing is ever ready; time passes until something is due."""
        assert timeout is not None, "nobody will ever do anything again"
        self._clock.advance(max(0.0, timeout) + TURN_S)
        return []
