"""Messages that nobody takes at present wait for who comes to want them, so long at most (contract 15)."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

from holdfast.client.inbox import Shared
from holdfast.clock import Clock
from holdfast.protocol import Delivery

if TYPE_CHECKING:
    from holdfast.client.workers import Reader

Takes = Callable[[Delivery, Shared | None], bool]
"""Whether somebody takes this message, with what it shares with others."""


def offer_stale(reader: Reader, takes: Takes) -> None:
    """Offer what lies with a reader who does not read; what is not taken stays, and all behind it."""
    stale = reader.stale()
    while stale and takes(stale[0][1], stale[0][3]):
        del stale[0]
    reader.consumer.inbox.put_back(stale)


class Unclaimed:
    """Of one run, in the order in which they came."""

    def __init__(self, clock: Clock, for_s: float, late: Takes) -> None:
        """``late`` is given each after ``for_s`` seconds; what it does not take waits once more."""
        self._clock = clock
        self._for_s = for_s
        self._late = late
        self._waiting: deque[tuple[float, Delivery, Shared | None]] = deque()
        self._timer: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        """How many wait."""
        return len(self._waiting)

    def add(self, delivery: Delivery, shared: Shared | None) -> None:
        """One more, behind all others."""
        self._waiting.append((self._clock.now(), delivery, shared))
        self._schedule()

    def add_before(self, add: Callable[[], None]) -> None:
        """What ``add`` adds was here before those that are."""
        waiting, self._waiting = self._waiting, deque()
        add()
        self._waiting += waiting

    def offer(self, takes: Takes) -> None:
        """Offer all of them; what it takes is here no more."""
        waiting, self._waiting = self._waiting, deque()
        for one in waiting:
            if not takes(one[1], one[2]):
                self._waiting.append(one)

    def _schedule(self) -> None:
        if self._timer is None and self._waiting:
            left = self._waiting[0][0] + self._for_s - self._clock.now()
            self._timer = asyncio.get_running_loop().call_later(max(0.0, left), self._expire)

    def _expire(self) -> None:
        self._timer = None
        limit = self._clock.now() - self._for_s
        while self._waiting and self._waiting[0][0] <= limit:
            _, delivery, shared = self._waiting.popleft()
            if not self._late(delivery, shared):  # nor what is behind it, which would overtake it
                self._waiting.appendleft((self._clock.now(), delivery, shared))
                break
        self._schedule()

    def close(self) -> None:
        """The session keeps them."""
        self._waiting.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
