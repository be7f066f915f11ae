"""How one fault is seen: when it was noticed, when all was well again, how much waited meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from holdfast.client import Client, Status

POLL_S = 0.01


class Watch:
    """Sees a fault pass: every link is up again and has heard from the broker.

    ``links_drop``: each link must have been lost before; one that was frozen shortly may not be.
    """

    def __init__(self, clients: list[Client], waiting: Callable[[], int], *, links_drop: bool) -> None:
        self._clients = clients
        self._links_drop = links_drop
        self._waiting = waiting
        self._before = [client.snapshot() for client in clients]
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
            if self.noticed_s is None:
                self._notice()
            if self._possible_at is not None and self._back(self._possible_at):
                self.back_s = max(0.0, self._clock() - self._possible_at)
                self.over.set()
                return
            await asyncio.sleep(POLL_S)

    def _notice(self) -> None:
        for client, before in zip(self._clients, self._before, strict=True):
            now = client.snapshot()
            counts = now.disconnections.items()
            lost = [cause for cause, count in counts if count > before.disconnections.get(cause, 0)]
            if lost or now.status is not Status.CONNECTED:  # it may be back already, between two looks
                self.noticed_s = self._clock() - self._began
                self.cause = now.cause or next(iter(lost), None)
                return

    def _back(self, possible_at: float) -> bool:
        heard_within_s = self._clock() - possible_at
        for client, before in zip(self._clients, self._before, strict=True):
            snapshot = client.snapshot()
            if snapshot.status is not Status.CONNECTED or snapshot.last_in_s is None:
                return False
            if self._links_drop and snapshot.connections == before.connections:
                return False
            if snapshot.last_in_s > heard_within_s:
                return False
        return True
