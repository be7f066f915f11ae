"""A broker, a process that is killed, and what it has to have stored in the end."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from tests.simulation.ingest.broker import Broker
from tests.simulation.ingest.life import Life
from tests.support.durable import Database, File

MESSAGES = 6
TROUBLED_STEPS = 120
HEALING_STEPS = 2000

Step = Callable[[], object]


class World:
    """One history; the seed draws it, but for the kill at step ``kill_at``."""

    def __init__(self, seed: int, kill_at: int = -1, spools: bool = False) -> None:
        self._chance = Random(seed)
        self._kill_at = kill_at
        self.broker, self.file = Broker(), File()
        self.databases = [Database() for _ in range(self._chance.choice((1, 2)))]
        self._spools = spools
        self._outage = spools and self._chance.random() < 0.5
        self.steps = 0
        self.told: list[str] = []

    async def run(self) -> None:
        """Until everything has come to rest."""
        self._life = self._begin()
        await self._life.settle()
        while not self._is_at_rest():
            await self._step()
            assert self.steps < TROUBLED_STEPS + HEALING_STEPS, f"it never comes to rest: {self.told[-30:]}"
        await self._life.kill()

    def verdict(self) -> list[str]:
        """What is wrong in the end; nothing, if nothing is."""
        wrong = list(self.broker.wrong)
        for database in self.databases:
            for serial in range(1, self.broker.published + 1):
                rows = database.rows[serial]
                if rows > 1 or (not rows and serial not in self.broker.lost):
                    wrong.append(f"message {serial} has {rows} rows")
        return wrong

    def _begin(self) -> Life:
        most = self._chance.choice((1, 2, 500))  # somebody may change it between two lives
        return Life(self.broker, self.file, self.databases, most, self._spools)

    @property
    def _troubled(self) -> bool:
        return self.steps < TROUBLED_STEPS

    @property
    def _is_away(self) -> bool:
        """Whether the databases take nothing for a long time."""
        return self._outage and self._troubled and self.steps > TROUBLED_STEPS // 5

    def _is_at_rest(self) -> bool:
        spooled = any(worker.desk.ledger.spooled for worker in self._life.workers)
        return not self._troubled and self.broker.idle and not self._life.commits and not spooled

    async def _step(self) -> None:
        if self.steps == self._kill_at or (self._troubled and self._chance.random() < 0.01):
            self.told.append("kill")
            await self._life.kill()
            self.broker.hang_up()
            self.broker.excuse(self.file.received)
            self._life = self._begin()
        else:
            name, step = self._chance.choice(self._possible())
            self.told.append(name)
            step()
        self.steps += 1
        await self._life.settle()

    def _possible(self) -> list[tuple[str, Step]]:
        life, steps = self._life, self._moves()
        if not life.linked:
            steps.append(("dial", life.dial))
        if self._troubled:
            steps += self._troubles()
        return steps

    def _moves(self) -> list[tuple[str, Step]]:
        life = self._life
        steps: list[tuple[str, Step]] = []
        if life.down:
            steps += [("arrive", life.arrive)] * 3
        if life.up:
            steps += [("leave", life.leave)] * 3
        if life.commits:
            steps += [("commit of the file", life.commit)] * 3
        for number, worker in enumerate(life.workers):
            if worker.sink.writes and not self._is_away:
                steps += [(f"commit of database {number}", worker.sink.commit)] * (3 - 2 * number)
            if worker.sink.committed:
                steps += [(f"answer of database {number}", worker.sink.answer)] * 3
        return steps

    def _troubles(self) -> list[tuple[str, Step]]:
        life = self._life
        steps: list[tuple[str, Step]] = [("idle", lambda: None)]
        if self.broker.published < MESSAGES and self.broker.subscribed:
            steps += [("publish", self._publish)] * 2
        if life.linked:
            steps.append(("cut", self._cut))
        elif self._chance.random() < 0.2:
            steps.append(("forget", self.broker.forget))
            steps.append(("roll back", lambda: self.broker.roll_back(life.received)))
        for number, worker in enumerate(life.workers):
            if worker.sink.writes or worker.sink.committed:
                steps.append((f"failure of database {number}", worker.sink.fail))
        return steps

    def _publish(self) -> None:
        self._life.down.extend(self.broker.publish())

    def _cut(self) -> None:
        self._life.cut()
        self.broker.hang_up()
