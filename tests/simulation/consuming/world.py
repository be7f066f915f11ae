"""A history of processes that are killed and stopped while a broker has messages for their handlers.

Everything happens in a time of its own and by one seed. In the end faults cease, and each message must
have been handled by all whose it is, or be a dead letter; on the way none may be handled twice at a time, or
again in one process, or out of the order of its key (``books``).
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import pytest

from holdfast import Limits, Outbox, QoS
from tests.simulation.consuming.books import FILTERS, GUEST, READER, Book, Sent, Spec
from tests.simulation.consuming.disk import Disk
from tests.simulation.consuming.history import History, rows
from tests.simulation.consuming.life import Life

KEYS = 4
SIZES = (0, 0, 0, 1000)
TROUBLES = (
    ("cut", "cut", "away", "sick", "nothing"),
    ("sick", "sick", "cut"),
    ("sick", "away", "nothing"),
    ("cut", "cut", "away", "sick", "forget"),
)


class World(History[Life]):
    """Of handlers and readers."""

    LIVES = (2, 3, 4, 5)
    LATE_S = 0.1

    def __init__(self, seed: int, folder: Path, patch: pytest.MonkeyPatch) -> None:
        super().__init__(seed, folder, patch)
        chance = self._chance
        self._sent: list[tuple[Sent, set[str]]] = []
        filters = chance.sample(FILTERS, chance.choice((1, 2, 3)))
        filters += [filter for filter in (GUEST, READER) if chance.random() < 0.4]
        self.books = [Book(Spec.draw(chance, filter), self.wrong, self._say) for filter in filters]
        self._places = [filter[0] for filter in (*filters, *filters[-1:])]
        self._meet()
        self._qos: Sequence[QoS] = chance.choice(((1,), (1,), (2,), (1, 2)))
        held = chance.choice((1 << 30, 1 << 30, 4096, 8192, 1 << 16))
        self._filed = chance.random() < 0.8
        self._outbox = Outbox(self._path, durability="process", max_held_bytes=held) if self._filed else None
        self._version = chance.choice(("5", "3.1.1"))
        overdue: Literal["wait", "dead_letter"] = chance.choice(("wait", "dead_letter"))
        window = chance.choice((5, 20, 1000))
        self._limits = Limits(receive_maximum=window, hold_limit_s=1, unclaimed_s=2, overdue=overdue)
        self._slowest_s = chance.choice((0.001, 0.05, 0.5))
        self._troubles = chance.choice(TROUBLES)
        self._pace_s = chance.choice((0.02, 0.1, 0.5))
        self._rule()

    # -- one process -------------------------------------------------------------------------

    async def _lived(self, disk: Disk, calm: bool) -> None:
        life = Life(
            self.books, disk, self._chance, calm,
            version=self._version, limits=self._limits, outbox=self._outbox,
        )  # fmt: skip
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
        await self._end(life, disk, calm or self._chance.random() < 0.4)
        tick.cancel()

    def _begin(self, life: Life) -> None:
        self._life = life
        self._twice = {number_of(payload) for (payload,) in rows(self._path, "SELECT payload FROM inbound")}
        for book in self.books:
            book.begin(self._twice)

    def _publish(self, count: int) -> None:
        wanted = self._wanted()
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
        self._begin_anew()
        for sent, _ in self._sent:
            for book in self.books:
                book.excuse(sent)

    # -- the end -----------------------------------------------------------------------------

    def _judge(self) -> None:
        found = rows(self._path, "SELECT owner, payload FROM dead")
        dead = {(owner, bytes(payload)) for owner, payload in found} if self._filed else None
        kept = rows(self._path, "SELECT payload FROM inbound")
        if kept:
            self.wrong.append(f"{len(kept)} are kept for nobody")
        for book in self.books:
            for sent, wanted in self._sent:
                if book.spec.plain in wanted and book.owes(sent, dead):
                    self.wrong.append(f"{book.spec.filter}: {sent.number} on {sent.topic} is lost")


def number_of(payload: bytes) -> int:
    """Which message it is."""
    return int(payload.split(b":")[0])
