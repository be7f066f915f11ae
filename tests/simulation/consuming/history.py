"""What histories of a client have in common: lives one after the other, each on its own loop, and the end."""

from __future__ import annotations

import asyncio
import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from pathlib import Path
from random import Random
from typing import Any, Generic, Protocol, TypeVar

import pytest

from holdfast import Client
from holdfast.testing.manual_clock import ManualClock
from holdfast.testing.model import BrokerCore, BrokerLimits
from tests.simulation.consuming import nature
from tests.simulation.consuming.disk import Disk
from tests.simulation.consuming.loop import VirtualLoop
from tests.simulation.consuming.network import Network

STUCK_S = 60.0


class Life(Protocol):
    """One process."""

    client: Client

    async def stop(self) -> float:
        """End in order; gives how much longer than allowed it took."""

    def kill(self) -> None:
        """End at once."""


L = TypeVar("L", bound=Life)


class History(ABC, Generic[L]):
    """One history; ``wrong`` is what broke a promise, and ``told`` what happened."""

    LIVES: Sequence[int]
    LATE_S: float
    """How much longer than it may a stop may take, besides what the disk takes."""

    def __init__(self, seed: int, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self._chance = Random(seed)
        self.clock = ManualClock()
        self._path = str(folder / "outbox.db")
        self._patch = patch
        self.wrong: list[str] = []
        self.told: list[str] = []
        self._trouble = True
        self._slowest_s = self._pace_s = 0.0

    def _meet(self) -> None:
        """There is a broker, and a network to it."""
        limits = BrokerLimits(max_inflight=self._chance.choice((5, 20)))
        self._core = BrokerCore(limits, strict=True)
        self._network = Network(self._core, self.clock, self._chance)

    def _rule(self) -> None:
        """From here on nothing happens in the time of the machine."""
        nature.rule(self._patch, self.clock, self._chance, self._network)

    def run(self) -> list[str]:
        """All of it; gives what is wrong."""
        for _ in range(self._chance.choice(self.LIVES)):
            self._live(calm=False)
            self.clock.advance(self._chance.choice((0.0, 0.5, 5.0)))
            self._publish(self._chance.randint(0, 10))
        self._live(calm=True)
        self.wrong += self._core.violations
        self._judge()
        return self.wrong

    @abstractmethod
    async def _lived(self, disk: Disk, calm: bool) -> None:
        """One process from its begin to its end; ``calm``: without faults, until all is at rest."""

    @abstractmethod
    def _publish(self, count: int) -> None:
        """So many messages more."""

    @abstractmethod
    def _judge(self) -> None:
        """All is over."""

    def _say(self, what: str) -> None:
        self.told.append(f"{self.clock.now() - 1000:8.3f} {what}")

    # -- one process -------------------------------------------------------------------------

    def _live(self, calm: bool) -> None:
        disk = Disk(self._chance, self._slowest_s)
        self._patch.setattr(asyncio, "to_thread", disk.to_thread)
        self._patch.setattr("holdfast.client.remembered.Thread", disk.thread)
        loop = VirtualLoop(self.clock)
        try:
            loop.run_until_complete(self._lived(disk, calm))
        finally:
            loop.die()

    async def _stop(self, life: L, disk: Disk) -> None:
        self._say("stop")
        disk.sick, self._trouble = False, False
        over_s = await life.stop()
        self._trouble = True
        if over_s > self.LATE_S + 2 * self._slowest_s:
            self.wrong.append(f"stop() took {over_s:.3f} s longer than it may")

    async def _end(self, life: L, disk: Disk, orderly: bool) -> None:
        if orderly:
            await self._stop(life, disk)
        else:
            self._say("kill")
            life.kill()
        self._network.kill(orderly)

    async def _ticks(self) -> None:
        while True:
            await asyncio.sleep(0.5)
            self._network.tick()

    async def _publishes(self) -> None:
        while True:
            await asyncio.sleep(self._chance.expovariate(1 / self._pace_s))
            self._publish(self._chance.choice((1, 1, 3)))

    def _wanted(self) -> set[str]:
        """The filters by which the broker owes what is published now."""
        session = self._core.sessions.get("c")
        return set(session.subscriptions) if session is not None else set()

    def _begin_anew(self) -> None:
        """The broker begins anew, without sessions."""
        self._core = self._network.core = self._core.successor(None, self.clock.now())

    # -- the end -----------------------------------------------------------------------------

    async def _rest(self, life: L) -> None:
        left = self._left(life)
        while any(left):
            await self._wait(life)
            before, left = left, self._left(life)
            if left == before:
                waiting, flying, kept = left
                self.wrong.append(f"nothing moves: {waiting} wait, {flying} are in flight, {kept} are kept")
                return

    async def _wait(self, _life: L) -> None:
        await asyncio.sleep(STUCK_S)

    def _left(self, life: L) -> tuple[int, int, int]:
        session = self._core.sessions.get("c")
        if session is None:
            return 1, 0, 0
        return len(session.queue), len(session.inflight), life.client.snapshot().held


def rows(path: str | None, query: str, *values: str) -> list[Any]:
    """What an outbox file says, which nobody has open; None: there is none."""
    if path is None or not Path(path).exists():
        return []
    with closing(sqlite3.connect(path)) as file:
        return file.execute(query, values).fetchall()


def wrong(
    history: Callable[[int, Path, pytest.MonkeyPatch], History[Any]], seeds: Iterable[int], folder: Path
) -> list[str]:
    """What the first of these histories with something wrong says."""
    for seed in seeds:
        here = folder / str(seed)
        here.mkdir()
        with pytest.MonkeyPatch.context() as patch:
            world = history(seed, here, patch)
            if found := world.run():
                return [f"seed {seed}", *found, *world.told]
    return []
