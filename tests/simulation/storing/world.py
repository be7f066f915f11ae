"""A history of ingesting processes that are killed and stopped, and of broker, disk and databases in trouble.

Everything happens in a time of its own and by one seed. In the end faults cease, and each message must have
its row in every table whose it is: at QoS 2, with an outbox file, and where the table has a key, exactly one.
On the way the books of each run must agree with its sink and its file, and no stop may take too long.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from random import Random

import pytest

from holdfast import Limits, Outbox, QoS
from holdfast.testing.manual_clock import ManualClock
from holdfast.testing.model import BrokerCore, BrokerLimits
from holdfast.topics import overlap
from tests.simulation.consuming import nature
from tests.simulation.consuming.disk import Disk
from tests.simulation.consuming.loop import VirtualLoop
from tests.simulation.consuming.network import Network
from tests.simulation.storing.judge import Judge, Sent
from tests.simulation.storing.life import STUCK_S, Life, Spec
from tests.simulation.storing.store import Server, Table

FILTERS = ("k/#", "k/0", "k/+", "j/#", "j/1")
TOPICS = ("k/0", "k/1", "k/2", "j/0", "j/1")
LATE_S = 0.3
BEGUN_S = 1e-4
"""What is stopped has begun."""

TROUBLES = (
    ("cut", "away", "silent", "database", "sick", "nothing"),
    ("silent", "database", "cut"),
    ("sick", "database", "silent", "nothing"),
    ("cut", "forget", "away", "database", "silent", "sick"),
)


class World:
    """One history; ``wrong`` is what broke a promise, and ``told`` what happened."""

    def __init__(self, seed: int, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self._chance = chance = Random(seed)
        self.clock = ManualClock()
        self._path = str(folder / "outbox.db")
        self._patch = patch
        self.wrong: list[str] = []
        self.told: list[str] = []
        self._servers = [Server(chance.choice((0.001, 0.05, 1.0))) for _ in range(2)]
        self._specs = [self._spec(filter) for filter in chance.sample(FILTERS, chance.choice((1, 1, 2, 3)))]
        self._core = BrokerCore(BrokerLimits(max_inflight=chance.choice((5, 20))), strict=True)
        self._network = Network(self._core, self.clock, chance)
        self._qos: Sequence[QoS] = chance.choice(((1,), (2,), (2,), (1, 2)))
        held = chance.choice((1 << 30, 1 << 30, 4096, 1 << 16))
        self._filed = chance.random() < 0.85
        self._outbox = Outbox(self._path, durability="process", max_held_bytes=held) if self._filed else None
        self._judge = Judge(self._specs, self._path if self._filed else None, self.wrong)
        self._version = chance.choice(("5", "3.1.1"))
        self._limits = Limits(receive_maximum=chance.choice((5, 20, 1000)), unclaimed_s=2)
        self._slowest_s = chance.choice((0.001, 0.05, 0.5))
        self._troubles = chance.choice(TROUBLES)
        self._trouble = True
        self._pace_s = chance.choice((0.01, 0.05, 0.5))
        nature.rule(patch, self.clock, chance, self._network)
        patch.setattr("holdfast.ingest.pipeline.monotonic", self.clock.now)

    def _spec(self, filter: str) -> Spec:
        server, keyed = self._chance.choice(self._servers), self._chance.random() < 0.4
        return Spec(filter, self._chance.choice((1, 2, 2)), Table(filter.translate(NAMES), server, keyed))

    def run(self) -> list[str]:
        """All of it; gives what is wrong."""
        for _ in range(self._chance.choice((2, 3, 4, 6))):
            self._live(calm=False)
            self.clock.advance(self._chance.choice((0.0, 0.5, 5.0)))
            self._publish(self._chance.randint(0, 10))
        self._live(calm=True)
        self._judge.judge(self._core.violations)
        return self.wrong

    def _say(self, what: str) -> None:
        self.told.append(f"{self.clock.now() - 1000:8.3f} {what}")

    # -- one process -------------------------------------------------------------------------

    def _live(self, calm: bool) -> None:
        disk = Disk(self._chance, self._slowest_s)
        self._patch.setattr(asyncio, "to_thread", disk.to_thread)
        self._patch.setattr("holdfast.client.remembered.Thread", disk.thread)
        specs = self._specs if calm else self._drawn()
        life = Life(
            specs, disk, self._chance, self.wrong,
            version=self._version, limits=self._limits, outbox=self._outbox,
        )  # fmt: skip
        loop = VirtualLoop(self.clock)
        try:
            loop.run_until_complete(self._lived(life, disk, calm))
        finally:
            loop.die()

    def _drawn(self) -> list[Spec]:
        """One may be left out, where a file keeps its messages, and no other takes them meanwhile."""
        specs = self._chance.sample(self._specs, len(self._specs))
        alone = self._filed and not any(overlap(specs[0].filter, other.filter) for other in specs[1:])
        return specs[1:] if alone and specs[1:] and self._chance.random() < 0.3 else specs

    async def _lived(self, life: Life, disk: Disk, calm: bool) -> None:
        self._say(f"a process begins: {[spec.filter for spec in life._specs]}")
        self._network.away = False
        for server in self._servers:
            server.away = server.silent = not calm and self._chance.random() < 0.1
        life.begin(spool=calm or self._chance.random() < 0.8)
        tick = asyncio.create_task(self._ticks())
        if calm:
            await self._rest(life)
        else:
            await self._troubled(life, disk)
        orderly = calm or self._chance.random() < 0.5
        if orderly:
            await self._stop(life, disk)
        else:
            self._say("kill")
            life.kill()
        self._network.kill(orderly)
        tick.cancel()
        self._judge.look()

    async def _troubled(self, life: Life, disk: Disk) -> None:
        work = [asyncio.create_task(self._publishes()), asyncio.create_task(self._mischief(disk))]
        await self._until(life, self._chance.random() * self._chance.choice((0.1, 1, 10, 30)))
        if self._chance.random() < 0.2:
            await self._stop(life, disk)
            self._say("again")
            life.run()
            await self._until(life, self._chance.random() * 10)
        for task in work:
            task.cancel()

    async def _until(self, life: Life, for_s: float) -> None:
        await asyncio.wait([life.running], timeout=for_s + BEGUN_S)

    async def _stop(self, life: Life, disk: Disk) -> None:
        self._say("stop")
        disk.sick, self._trouble = False, False
        over_s = await life.stop()
        self._trouble = True
        if over_s > LATE_S + 2 * self._slowest_s:
            self.wrong.append(f"stop() took {over_s:.3f} s longer than it may")
        self._judge.audit(life)

    async def _ticks(self) -> None:
        while True:
            await asyncio.sleep(0.5)
            self._network.tick()

    async def _publishes(self) -> None:
        while True:
            await asyncio.sleep(self._chance.expovariate(1 / self._pace_s))
            self._publish(self._chance.choice((1, 1, 3)))

    def _publish(self, count: int) -> None:
        session = self._core.sessions.get("c")
        wanted = set(session.subscriptions) if session is not None else set()
        for _ in range(count):
            number = len(self._judge.sent) + 1
            topic, qos = self._chance.choice(TOPICS), self._chance.choice(self._qos)
            name = "number" if self._chance.random() < 0.9 else "misfit"
            filling = "x" * self._chance.choice((0, 0, 1000))
            self._judge.sent.append(Sent(number, topic, qos, wanted))
            payload = f'{{"{name}":{number},"filling":"{filling}"}}'.encode()
            self._core.publish(topic, payload, self.clock.now(), qos=qos)
        self._network.settle()

    async def _mischief(self, disk: Disk) -> None:
        while True:
            await asyncio.sleep(self._chance.expovariate(1 / 2))
            if not self._trouble:
                continue
            what, server = self._chance.choice(self._troubles), self._chance.choice(self._servers)
            self._say(what)
            if what in ("cut", "away", "forget"):
                self._network.away = what == "away"
                self._network.cut()
            if what == "forget":
                self._forget()
            disk.sick, server.away, server.silent = what == "sick", what == "database", what == "silent"
            await asyncio.sleep(self._chance.random() * self._chance.choice((1, 15)))
            self._network.away = disk.sick = server.away = server.silent = False

    def _forget(self) -> None:
        """The broker begins anew, without sessions."""
        self._core = self._network.core = self._core.successor(None, self.clock.now())
        self._judge.excused = len(self._judge.sent)

    # -- the end -----------------------------------------------------------------------------

    async def _rest(self, life: Life) -> None:
        await self._until(life, STUCK_S)
        left = self._left(life)
        while any(left):
            await self._until(life, STUCK_S)
            before, left = left, self._left(life)
            if life.ended:
                self.wrong.append(f"it has ended: {life.running.exception()!r}")
                return
            if left == before:
                waiting, flying, kept = left
                self.wrong.append(f"nothing moves: {waiting} wait, {flying} are in flight, {kept} are kept")
                return

    def _left(self, life: Life) -> tuple[int, int, int]:
        session = self._core.sessions.get("c")
        if session is None:
            return 1, 0, 0
        return len(session.queue), len(session.inflight), life.client.snapshot().held


NAMES = str.maketrans("/#+", "_xp")
