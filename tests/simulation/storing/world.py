"""A history of ingesting processes that are killed and stopped, and of broker, disk and databases in trouble.

Everything happens in a time of its own and by one seed. In the end faults cease, and each message must have
its row in every table whose it is: at QoS 2, with an outbox file, and where the table has a key, exactly one.
On the way the books of each run must agree with its sink and its file, and no stop may take too long.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from holdfast import Limits, Outbox, QoS
from holdfast.topics import overlap
from tests.simulation.consuming.disk import Disk
from tests.simulation.consuming.history import STUCK_S, History
from tests.simulation.storing.judge import Judge, Sent
from tests.simulation.storing.life import Life, Spec
from tests.simulation.storing.store import Server, Table

FILTERS = ("k/#", "k/0", "k/+", "j/#", "j/1")
TOPICS = ("k/0", "k/1", "k/2", "j/0", "j/1")
BEGUN_S = 1e-4
"""What is stopped has begun."""

TROUBLES = (
    ("cut", "away", "silent", "database", "sick", "nothing"),
    ("silent", "database", "cut"),
    ("sick", "database", "silent", "nothing"),
    ("cut", "forget", "away", "database", "silent", "sick"),
)


class World(History[Life]):
    """Of ingests."""

    LIVES = (2, 3, 4, 6)
    LATE_S = 0.3

    def __init__(self, seed: int, folder: Path, patch: pytest.MonkeyPatch) -> None:
        super().__init__(seed, folder, patch)
        chance = self._chance
        self._servers = [Server(chance.choice((0.001, 0.05, 1.0))) for _ in range(2)]
        self._specs = [self._spec(filter) for filter in chance.sample(FILTERS, chance.choice((1, 1, 2, 3)))]
        self._meet()
        self._qos: Sequence[QoS] = chance.choice(((1,), (2,), (2,), (1, 2)))
        held = chance.choice((1 << 30, 1 << 30, 4096, 1 << 16))
        self._filed = chance.random() < 0.85
        self._outbox = Outbox(self._path, durability="process", max_held_bytes=held) if self._filed else None
        self._books = Judge(self._specs, self._path if self._filed else None, self.wrong)
        self._version = chance.choice(("5", "3.1.1"))
        self._limits = Limits(receive_maximum=chance.choice((5, 20, 1000)), unclaimed_s=2)
        self._slowest_s = chance.choice((0.001, 0.05, 0.5))
        self._troubles = chance.choice(TROUBLES)
        self._pace_s = chance.choice((0.01, 0.05, 0.5))
        self._rule()
        patch.setattr("holdfast.ingest.pipeline.monotonic", self.clock.now)

    def _spec(self, filter: str) -> Spec:
        server, keyed = self._chance.choice(self._servers), self._chance.random() < 0.4
        return Spec(filter, self._chance.choice((1, 2, 2)), Table(filter.translate(NAMES), server, keyed))

    # -- one process -------------------------------------------------------------------------

    def _drawn(self) -> list[Spec]:
        """One may be left out, where a file keeps its messages, and no other takes them meanwhile."""
        specs = self._chance.sample(self._specs, len(self._specs))
        alone = self._filed and not any(overlap(specs[0].filter, other.filter) for other in specs[1:])
        return specs[1:] if alone and specs[1:] and self._chance.random() < 0.3 else specs

    async def _lived(self, disk: Disk, calm: bool) -> None:
        specs = self._specs if calm else self._drawn()
        life = Life(
            specs, disk, self._chance, self.wrong,
            version=self._version, limits=self._limits, outbox=self._outbox,
        )  # fmt: skip
        self._say(f"a process begins: {[spec.filter for spec in specs]}")
        self._network.away = False
        for server in self._servers:
            server.away = server.silent = not calm and self._chance.random() < 0.1
        life.begin(spool=calm or self._chance.random() < 0.8)
        tick = asyncio.create_task(self._ticks())
        if calm:
            await self._rest(life)
        else:
            await self._troubled(life, disk)
        await self._end(life, disk, calm or self._chance.random() < 0.5)
        tick.cancel()
        self._books.look()

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
        await super()._stop(life, disk)
        self._books.audit(life)

    def _publish(self, count: int) -> None:
        wanted = self._wanted()
        for _ in range(count):
            number = len(self._books.sent) + 1
            topic, qos = self._chance.choice(TOPICS), self._chance.choice(self._qos)
            name = "number" if self._chance.random() < 0.9 else "misfit"
            filling = "x" * self._chance.choice((0, 0, 1000))
            self._books.sent.append(Sent(number, topic, qos, wanted))
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
        self._begin_anew()
        self._books.excused = len(self._books.sent)

    # -- the end -----------------------------------------------------------------------------

    async def _rest(self, life: Life) -> None:
        await self._wait(life)
        await super()._rest(life)
        if life.ended:
            self.wrong.append(f"it has ended: {life.running.exception()!r}")

    async def _wait(self, life: Life) -> None:
        await self._until(life, STUCK_S)

    def _judge(self) -> None:
        self._books.judge()


NAMES = str.maketrans("/#+", "_xp")
