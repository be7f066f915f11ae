"""How one fault is seen: when it was noticed, when all was well again, how much waited meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from holdfast.cli.demo.links import Link

POLL_S = 0.01


class Watch:
    """Sees a fault pass: every link is up again and has heard from the broker.

    ``drops``: whether a link must have been lost before; one that was frozen shortly may not be.
    """

    def __init__(
        self,
        links: Callable[[], Sequence[Link]],
        waiting: Callable[[], int],
        drops: Callable[[Link], bool],
    ) -> None:
        self._links = links
        self._waiting = waiting
        self._drops = drops
        self._clock = asyncio.get_running_loop().time
        self._began = self._clock()
        self._possible_at: float | None = None
        self.over = asyncio.Event()
        self.noticed_s: float | None = None
        self.back_s: float | None = None
        self.peak = 0
        self.cause: str | None = None

    def possible(self) -> None:
        """From this moment a new connection could succeed."""
        self._possible_at = self._clock()

    async def look(self) -> None:
        """Until all are back."""
        while True:
            self.peak = max(self.peak, self._waiting())
            links = self._links()
            if self.noticed_s is None:
                self._notice(links)
            if self._possible_at is not None and all(self._back(link, self._possible_at) for link in links):
                self.back_s = max(0.0, self._clock() - self._possible_at)
                self.over.set()
                return
            await asyncio.sleep(POLL_S)

    def _notice(self, links: Sequence[Link]) -> None:
        for link in links:
            noticed_s = -1 if link.lost_at is None else link.lost_at - self._began
            if noticed_s >= 0 and (self.noticed_s is None or noticed_s < self.noticed_s):
                self.noticed_s, self.cause = noticed_s, link.cause

    def _back(self, link: Link, possible_at: float) -> bool:
        if not link.up or link.heard_at is None or link.heard_at < possible_at:
            return False
        return not self._drops(link) or (link.up_at is not None and link.up_at >= self._began)
