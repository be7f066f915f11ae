"""An event loop whose time runs ahead while nobody has anything to do; its sockets are real."""

from __future__ import annotations

import asyncio
import selectors
from math import inf

BREATH_S = 0.001
"""So long it really waits for sockets and threads before it skips ahead to the next timer."""


class HastyLoop(asyncio.SelectorEventLoop):
    """``stride_s``: how far its time may skip at once; small strides leave others the time to answer."""

    def __init__(self) -> None:
        self.skipped_s = 0.0
        self.stride_s = inf
        super().__init__(_Selector(self))

    def time(self) -> float:
        """Real seconds, and those that were skipped."""
        return super().time() + self.skipped_s


class _Selector(selectors.DefaultSelector):
    def __init__(self, loop: HastyLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None or timeout <= BREATH_S:
            return super().select(timeout)
        ready = super().select(BREATH_S)
        if not ready:
            self._loop.skipped_s += min(timeout - BREATH_S, self._loop.stride_s)
        return ready
