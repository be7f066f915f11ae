"""Whether a link is read: two may close the valve, each for its own reason.

Back-pressure closes it while handlers are behind (``client.pressure``); coalescing closes it for a
fraction of a millisecond, so that the next read finds a batch (``client.coalescing``).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from holdfast.client.coalescing import Coalescing


class Reading:
    """The valve of one link after the other."""

    def __init__(self, coalesce_s: float | None, switch: Callable[[bool], None]) -> None:
        """``coalesce_s``: how long a pause is; None: there are none. ``switch`` opens and closes the link."""
        self._loop = asyncio.get_running_loop()
        self._pause_s = coalesce_s
        self._switch = switch
        self._wanted = True
        self._timer: asyncio.TimerHandle | None = None
        self._coalescing = Coalescing()

    def begin(self) -> None:
        """A new link, which is read."""
        self.end()
        self._wanted = True
        self._coalescing = Coalescing()

    def end(self) -> None:
        """The link is gone."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def want(self, wanted: bool) -> None:
        """Back-pressure has its say; a pause under way goes on."""
        self._wanted = wanted
        if self._timer is None:
            self._switch(wanted)

    def received(self, now: float, size: int) -> None:
        """So many bytes were read just now."""
        if self._pause_s is not None and self._coalescing.received(now, size) and self._timer is None:
            self._timer = self._loop.call_later(self._pause_s, self._over)
            self._switch(False)

    def _over(self) -> None:
        self._timer = None
        self._switch(self._wanted)
