"""A history of processes that are killed and stopped while a broker has messages for their handlers.

Everything happens in a time of its own and by one seed. In the end faults cease, and each message must
have been handled by all whose it is, or be a dead letter; on the way none may be handled twice at a time, or
again in one process, or out of the order of its key (``books``).
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from random import Random
from typing import Any, Literal

import pytest

from holdfast import Limits, Outbox, QoS
from holdfast.testing.manual_clock import ManualClock
from holdfast.testing.model import BrokerCore, BrokerLimits
from tests.simulation.consuming import nature
from tests.simulation.consuming.books import FILTERS, GUEST, READER, Book, Sent, Spec
from tests.simulation.consuming.disk import Disk
from tests.simulation.consuming.life import LATE_S, Life
from tests.simulation.consuming.loop import VirtualLoop
from tests.simulation.consuming.network import Network

KEYS = 4
SIZES = (0, 0, 0, 1000)
TROUBLES = (
    ("cut", "cut", "away", "sick", "nothing"),
    ("sick", "sick", "cut"),
    ("sick", "away", "nothing"),
    ("cut", "cut", "away", "sick", "forget"),
)
STUCK_S = 60.0


class World:
    """One history; ``wrong`` is what broke a promise, and ``told`` what happened."""

    def __init__(self, seed: int, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self._chance = chance = Random(seed)
        self.clock = ManualClock()
        self._path = str(folder / "outbox.db")
        self._patch = patch
        self.wrong: list[str] = []
        self.told: list[str] = []
        self._sent: list[tuple[Sent, set[str]]] = []
        filters = chance.sample(FILTERS, chance.choice((1, 2, 3)))
        filters += [filter for filter in (GUEST, READER) if chance.random() < 0.4]
        self.books = [Book(Spec.draw(chance, filter), self.wrong, self._say) for filter in filters]
        self._places = [filter[0] for filter in (*filters, *filters[-1:])]
        limits = BrokerLimits(max_inflight=chance.choice((5, 20)))
        self._core = BrokerCore(limits, strict=True)
        self._network = Network(self._core, self.clock, chance)
        self._qos: Sequence[QoS] = chance.choice(((1,), (1,), (2,), (1, 2)))
        held = chance.choice((1 << 30, 1 << 30, 4096, 8192, 1 << 16))
        self._filed = chance.random() < 0.8
        self._outbox = Outbox(self._path, durability="process", max_held_bytes=held) if self._filed else None
        self._version = chance.choice(("5", "3.1.1"))
        overdue: Literal["wait", "dead_letter"] = chance.choice(("wait", "dead_letter"))
        window = chance.choice((5, 20, 1000))
        self._limits = Limits(receive_maximum=window, hold_limit_s=1, unclaimed_s=2, overdue=overdue)
        self._slowest_s = chance.choice((0.001, 0.05, 0.5))
        self._trouble = True
        self._troubles = chance.choice(TROUBLES)
        self._pace_s = chance.choice((0.02, 0.1, 0.5))
        nature.rule(patch, self.clock, chance, self._network)

    def run(self) -> list[str]:
        """All of it; gives what is wrong."""
        for _ in range(self._chance.choice((2, 3, 4, 5))):
            self._live(calm=False)
            self.clock.advance(self._chance.choice((0.0, 0.5, 5.0)))
            self._publish(self._chance.randint(0, 10))
        self._live(calm=True)
        self._judge()
        return self.wrong

    def _say(self, what: str) -> None:
        self.told.append(f"{self.clock.now() - 1000:8.3f} {what}")

    # -- one process -------------------------------------------------------------------------

    def _live(self, calm: bool) -> None:
        disk = Disk(self._chance, self._slowest_s)
        self._patch.setattr(asyncio, "to_thread", disk.to_thread)
        life = Life(
            self.books, disk, self._chance, calm,
            version=self._version, limits=self._limits, outbox=self._outbox,
        )  # fmt: skip
        self._patch.setattr("holdfast.client.remembered.Thread", disk.thread)
        loop = VirtualLoop(self.clock)
        try:
            loop.run_until_complete(self._lived(life, disk, calm))
        finally:
            loop.die()

    async def _lived(self, life: Life, disk: Disk, calm: bool) -> None:
        self._say("a process begins")
        self._network.away = False
        self._begin(life)
        await life.begin()
        tick = asyncio.create_task(self._ticks())
        if calm:
            await self._rest(life)
        else:
            work = [asyncio.create_task(self._publishes()), asyncio.create_task(self._mischief(disk))]
            await asyncio.sleep(self._chance.random() * self._chance.choice((1, 10, 30)))
            if self._chance.random() < 0.2:
                await self._stop(life, disk)
                self._begin(life)
                self._say("start")
                await life.again()
                await asyncio.sleep(self._chance.random() * 10)
            for task in work:
                task.cancel()
        orderly = calm or self._chance.random() < 0.4
        if orderly:
            await self._stop(life, disk)
        else:
            self._say("kill")
            life.kill()
        self._network.kill(orderly)
        tick.cancel()

    async def _stop(self, life: Life, disk: Disk) -> None:
        self._say("stop")
        disk.sick, self._trouble = False, False
        over_s = await life.stop()
        self._trouble = True
        if over_s > LATE_S + 2 * self._slowest_s:
            self.wrong.append(f"stop() took {over_s:.3f} s longer than it may")

    def _begin(self, life: Life) -> None:
        self._life = life
        self._twice = {number_of(payload) for (payload,) in self._rows("SELECT payload FROM inbound")}
        for book in self.books:
            book.begin(self._twice)

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
            number = len(self._sent) + 1
            name = self._chance.randint(max(1, number - 10), number)
            topic = f"{self._chance.choice(self._places)}/{self._chance.randrange(KEYS)}"
            sent = Sent(number, name, topic, self._chance.choice(self._qos), self._chance.choice(SIZES))
            self._sent.append((sent, wanted))
            self._core.publish(topic, sent.payload, self.clock.now(), qos=sent.qos)
        self._network.settle()

    async def _mischief(self, disk: Disk) -> None:
        while True:
            await asyncio.sleep(self._chance.expovariate(1 / 2))
            if not self._trouble:
                continue
            what = self._chance.choice(self._troubles)
            self._say(what)
            if what in ("cut", "away", "forget"):
                self._network.away = what == "away"
                self._cut()
            if what == "forget":
                self._forget()
            disk.sick = what == "sick"
            if what in ("away", "sick"):
                await asyncio.sleep(self._chance.random() * 4)
                self._network.away = disk.sick = False

    def _cut(self) -> None:
        """Of what is acknowledged at QoS 1 and still in flight a repeat looks like a new message."""
        session = self._core.sessions.get("c")
        if session is not None:
            unacknowledged = self._life.in_line()
            self._twice |= {
                number_of(one.message.payload)
                for one in session.inflight.values()
                if one.qos == 1 and one.packet_id not in unacknowledged
            }
        self._network.cut()

    def _forget(self) -> None:
        """The broker begins anew, without sessions."""
        self._core = self._network.core = self._core.successor(None, self.clock.now())
        for sent, _ in self._sent:
            for book in self.books:
                book.excuse(sent)

    # -- the end -----------------------------------------------------------------------------

    async def _rest(self, life: Life) -> None:
        left = self._left(life)
        while any(left):
            await asyncio.sleep(STUCK_S)
            before, left = left, self._left(life)
            if left == before:
                waiting, flying, kept = left
                self.wrong.append(f"nothing moves: {waiting} wait, {flying} are in flight, {kept} are kept")
                return

    def _left(self, life: Life) -> tuple[int, int, int]:
        session = self._core.sessions.get("c")
        if session is None:
            return 1, 0, 0
        return len(session.queue), len(session.inflight), life.client.snapshot().held

    def _judge(self) -> None:
        self.wrong += self._core.violations
        rows = self._rows("SELECT owner, payload FROM dead")
        dead = {(owner, bytes(payload)) for owner, payload in rows} if self._filed else None
        kept = self._rows("SELECT payload FROM inbound")
        if kept:
            self.wrong.append(f"{len(kept)} are kept for nobody")
        for book in self.books:
            for sent, wanted in self._sent:
                if book.spec.plain in wanted and book.owes(sent, dead):
                    self.wrong.append(f"{book.spec.filter}: {sent.number} on {sent.topic} is lost")

    def _rows(self, query: str) -> list[Any]:
        if not Path(self._path).exists():
            return []
        with closing(sqlite3.connect(self._path)) as file:
            return file.execute(query).fetchall()


def number_of(payload: bytes) -> int:
    """Which message it is."""
    return int(payload.split(b":")[0])
