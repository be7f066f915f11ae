"""An event loop whose time runs ahead while nobody has anything to do; its sockets are real."""

from __future__ import annotations

import asyncio
import selectors

BREATH_S, STRIDE_S = 0.001, 0.01
"""While somebody outside has to answer: so long it really waits, and then so far it skips."""


class HastyLoop(asyncio.SelectorEventLoop):
    """``alone``: nobody has to answer, so that it may skip to the next timer at once."""

    def __init__(self) -> None:
        self.alone = False
        self.skipped_s = 0.0
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
        ready = super().select(0 if self._loop.alone else BREATH_S)
        if not ready:
            self._loop.skipped_s += timeout if self._loop.alone else min(timeout, STRIDE_S)
        return ready
