"""Messages that may end the process that handles them: recognised by what outlives it (poison).

The broker sends again what a dead process had not acknowledged, and the next one may die of it as well. So a
message that comes again is written down before it runs, and its end after it; what was begun and never
ended is suspect in the next process. Many may have run when it died, but only one was at fault: a suspect
runs when nothing else of its handler does, and no other suspect at all. So an innocent one ends, and
one that was begun as often as ``Retries(attempts=)`` has it is a dead letter.

Only what comes first is looked at: with the first message that is new, the resends are over.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Hashable
from contextlib import suppress
from hashlib import blake2b
from typing import TYPE_CHECKING

from holdfast.client.dispatcher import Consumer
from holdfast.client.inbox import Item, Shared
from holdfast.errors import OutboxError
from holdfast.protocol import Delivery

if TYPE_CHECKING:
    from holdfast.client.parking import Parking
    from holdfast.client.shelf import Shelf

Bury = Callable[[Item, str], None]

AHEAD = 16
"""Messages that are begun and not ended, at most: if the process dies, so many are suspect in the next."""


class Heard(Shared):
    """What a message shares with others, and who hears that this handler is done with it."""

    __slots__ = ("_inner", "_over")

    def __init__(self, inner: Shared | None, over: Callable[[], None]) -> None:
        super().__init__(1)
        self._inner = inner
        self._over = over

    def done(self) -> bool:
        """As ``Shared.done``."""
        self._over()
        return self._inner is None or self._inner.done()


class Suspects:
    """Of one run: at most one suspect is at work."""

    def __init__(self) -> None:
        self._at_work: Gate | None = None
        self._waiting: deque[Gate] = deque()

    def enter(self, gate: Gate) -> bool:
        """Whether its suspect may begin; else it is asked again."""
        if self._at_work in (None, gate):
            self._at_work = gate
            return True
        self._waiting.append(gate)
        return False

    def leave(self, gate: Gate) -> None:
        """Its suspect has ended."""
        if self._at_work is gate:
            self._at_work = None
            while self._waiting and self._at_work is None:
                self._waiting.popleft().pump()


class Gate:
    """In front of one handler, until the resends are over. Everything is on the loop."""

    def __init__(self, parking: Parking, suspects: Suspects, consumer: Consumer, owner: str) -> None:
        self._parking = parking
        self._suspects = suspects
        self._consumer = consumer
        self._owner = owner
        self._known: dict[bytes, int] | None = None  # None: yet to be read
        self._queue: deque[Item] = deque()
        self._ready: deque[tuple[Item, int]] = deque()  # they go in this order, each after this commit
        self._running: dict[int, tuple[Delivery, bytes]] = {}
        self._alone = False

    def begin(self, shelf: Shelf, most: int, bury: Bury) -> None:
        """Stand behind this shelf; what was begun so often is a dead letter."""
        self._shelf = shelf
        self._most = max(2, most)
        self._bury = bury
        consumer = self._consumer
        self._put, self._drain, self._lane = shelf.inner, consumer.drain, consumer.lane
        consumer.drain, consumer.lane = self._give_back, self._lane_here
        shelf.opens(self._take)
        self._reading = self._parking.loop.create_task(self._read())

    async def _read(self) -> None:
        known: dict[bytes, int] = {}
        with suppress(OutboxError):  # who reads rows says so: then nothing is suspected
            known = await asyncio.to_thread(self._parking.intake.attempts, self._owner)
        self._known = known
        self.pump()

    # -- coming ------------------------------------------------------------------------------

    def _take(self, item: Item) -> bool:
        delivery = item[1]
        if not delivery.qos:
            return self._put(item)
        if self._known is not None and not (delivery.duplicate or self._queue or self._ready or self._alone):
            self._open()
            return self._put(item)
        self._queue.append(item)
        self.pump()
        return True

    def _open(self) -> None:
        """The resends are over; those that run still are waited for."""
        if not self._running:
            self._consumer.drain, self._consumer.lane = self._drain, self._lane
            self._shelf.opens(self._put)

    def _count(self, item: Item) -> int:
        return (self._known or {}).get(_digest(item[1]), 0) if item[1].duplicate else 0

    # -- going -------------------------------------------------------------------------------

    def pump(self) -> None:
        """Let go of what may run now, in order."""
        self._begin_some()
        while self._let_go():
            self._begin_some()

    def _begin_some(self) -> None:
        while self._queue and self._known is not None and not self._alone:
            item = self._queue[0]
            if self._count(item):
                if self._ready or self._running or not self._suspects.enter(self):
                    break
                self._suspect(self._queue.popleft())
            elif len(self._ready) + len(self._running) < AHEAD:
                self._ready.append((self._queue.popleft(), self._begun(item)))
            else:
                break

    def _begun(self, item: Item) -> int:
        return self._parking.intake.begun(self._owner, _digest(item[1])) if item[1].duplicate else 0

    def _let_go(self) -> bool:
        """Whether anything went."""
        waiting = len(self._ready)
        while self._ready and self._parking.is_durable(self._ready[0][1]):
            self._run(self._ready.popleft()[0])
        if self._ready:
            self._parking.when(self._ready[0][1], self.pump)
        return len(self._ready) < waiting

    def _suspect(self, item: Item) -> None:
        self._alone = True
        count = self._count(item)
        if count >= self._most:
            self._bury(self._watched(item), f"the process died {count} times while it was handled")
        else:
            self._ready.append((item, self._begun(item)))  # as the first of them: nothing else is there

    def _run(self, item: Item) -> None:
        self._put(self._watched(item) if item[1].duplicate else item)

    def _watched(self, item: Item) -> Item:
        message, delivery, index, shared = item
        self._running[id(delivery)] = (delivery, _digest(delivery))
        return message, delivery, index, Heard(shared, lambda: self.survived(delivery))

    def survived(self, delivery: Delivery) -> None:
        """An attempt has ended, in whichever way: the process lives."""
        if id(delivery) not in self._running:
            return
        _, digest = self._running.pop(id(delivery))
        self._parking.intake.ended(self._owner, digest)
        if self._known is not None:
            self._known.pop(digest, None)
        self._alone = False
        self._suspects.leave(self)
        self.pump()

    # -- the end -----------------------------------------------------------------------------

    def close(self) -> None:
        """An orderly end: whatever is unfinished has not ended the process."""
        self._reading.cancel()
        begun = [digest for _, digest in self._running.values()]
        begun += [_digest(item[1]) for item, _ in self._ready if item[1].duplicate]
        for digest in begun:
            self._parking.intake.ended(self._owner, digest)
        self._running = {}

    def _lane_here(self, key: Hashable) -> list[Item]:
        key_of = self._consumer.inbox.key_of
        return [*self._lane(key), *(item for item in self._waiting() if key_of(item) == key)]

    def _waiting(self) -> list[Item]:
        return [*(item for item, _ in self._ready), *self._queue]

    def _give_back(self) -> list[Item]:
        """The handler takes no more."""
        self.close()
        waiting = self._waiting()
        self._ready, self._queue, self._alone = deque(), deque(), False
        self._suspects.leave(self)
        return [*self._drain(), *waiting]


def _digest(delivery: Delivery) -> bytes:
    return blake2b(delivery.topic.encode() + b"\0" + delivery.raw, digest_size=16).digest()
