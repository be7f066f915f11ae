"""How late this machine is: what it adds to every timer is not the client's doing."""

from __future__ import annotations

import asyncio
from time import monotonic

EVERY_S = 0.005


class Lag:
    """The most that a timer was late, while inside."""

    def __init__(self) -> None:
        self.worst_s = 0.0

    async def __aenter__(self) -> Lag:
        self._task = asyncio.create_task(self._watch())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()

    async def _watch(self) -> None:
        while True:
            due = monotonic() + EVERY_S
            await asyncio.sleep(EVERY_S)
            self.worst_s = max(self.worst_s, monotonic() - due)
