"""From a backup back to a better broker: when, and with nothing in flight if that can be had (contract 3).

    connected to a backup ──look, look, ... for fail_back_s──▶ drain ──▶ DISCONNECT ──▶ dial the better one

A look is a link that is opened and closed again, without CONNECT: it costs the broker next to nothing, and
the session none. Before we leave, nothing new is sent until what is in flight is acknowledged, for
``attempt_timeout_s`` at most: a broker that takes longer is not worth staying with.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from math import ceil

from holdfast.client.engine import Engine
from holdfast.client.targets import Targets
from holdfast.clock import Clock

ASK_S = 0.02
"""While it drains: how often it is asked whether anything is in flight."""


class FailBack:
    """Looks after the way back of one client."""

    def __init__(self, engine: Engine, targets: Targets, clock: Clock, limit_s: float) -> None:
        """``limit_s`` bounds each look, and the draining."""
        self._engine = engine
        self._targets = targets
        self._clock = clock
        self._limit_s = limit_s

    @asynccontextmanager
    async def watching(self) -> AsyncIterator[None]:
        """While this is entered a connection to a backup is up; left when a better one can be dialled."""
        task = asyncio.create_task(self._run(), name="holdfast fail-back")
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait([task])

    async def _run(self) -> None:
        failover = self._targets.failover
        better = None
        while better is None and failover.look_s is not None:
            await asyncio.sleep(failover.look_s)
            for rank in range(failover.rank):
                failover.looked(rank, await self._answers(rank), self._clock.now())
            better = failover.better(self._clock.now())
        if better is not None:
            await self._leave(better)

    async def _answers(self, rank: int) -> bool:
        """Whether a link to any address of this group can be opened."""
        for address in self._targets.failover.addresses(rank):
            with suppress(Exception):  # whatever a look meets, the answer is no
                async with asyncio.timeout(self._limit_s):
                    (await self._targets.open(address, Onlooker())).close()
                return True
        return False

    async def _leave(self, rank: int) -> None:
        limit, self._engine.limit = self._engine.limit, _nothing_new
        try:
            for _ in range(ceil(self._limit_s / ASK_S)):
                if not self._engine.in_flight:
                    break
                await asyncio.sleep(ASK_S)
            self._targets.failover.go_back(rank)
            self._engine.disconnect(None)
        finally:
            self._engine.limit = limit


class Onlooker:
    """The user of a link that only shows that it can be opened."""

    def received(self, data: bytes) -> None:
        """A broker does not speak first."""

    def writable(self, yes: bool) -> None:
        """Nothing is written."""

    def lost(self, error: Exception | None) -> None:
        """It has served its purpose."""


def _nothing_new(room: int) -> int:
    return 0
