"""Messages in lanes: those of one key one after the other, those of different keys side by side.

    put ──▶ lane of its key ──head, nobody at it──▶ ready ──take──▶ (runs) ──done──▶ the next of its lane
                                                      ▲               │
                                                      └─── ripe ◀── delay, at the head of its lane

A lane whose head runs or is delayed gives nothing: its order holds, and nobody waits beside it. Lanes take
turns, so that one with a thousand messages does not hold up one with a single one. Without a key
(``NO_KEY``) each message has a lane of its own.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable, Iterable
from heapq import heappop, heappush
from typing import Final, Generic, TypeVar

T = TypeVar("T")

NO_KEY: Final = object()


class _Lane(Generic[T]):
    __slots__ = ("head", "key", "waiting")

    def __init__(self, key: Hashable) -> None:
        self.key = key
        self.head: Ticket[T] | None = None  # runs, or is delayed
        self.waiting: deque[Ticket[T]] = deque()


class Ticket(Generic[T]):
    """One item and its place. ``tries``: how many attempts have counted."""

    __slots__ = ("_lane", "item", "number", "tries")

    def __init__(self, item: T, number: int, lane: _Lane[T]) -> None:
        self.item = item
        self.number = number
        self.tries = 0
        self._lane = lane

    @property
    def key(self) -> Hashable:
        """What it was put under."""
        return self._lane.key


class Lanes(Generic[T]):
    """What was put and not taken; ``len`` counts it."""

    def __init__(self) -> None:
        self._lanes: dict[Hashable, _Lane[T]] = {}
        self._ready: deque[_Lane[T]] = deque()
        self._delayed: list[tuple[float, int, Ticket[T]]] = []
        self._number = self._count = 0

    def __len__(self) -> int:
        return self._count

    @property
    def ready(self) -> bool:
        """Whether ``take`` would give something."""
        return bool(self._ready)

    @property
    def due(self) -> float | None:
        """When the next one that is delayed is ripe."""
        return self._delayed[0][0] if self._delayed else None

    def put(self, key: Hashable, item: T) -> None:
        """One more, behind those of its key."""
        lane = None if key is NO_KEY else self._lanes.get(key)
        if lane is None:
            lane = _Lane(key)
            self._ready.append(lane)
            if key is not NO_KEY:
                self._lanes[key] = lane
        self._number += 1
        self._count += 1
        lane.waiting.append(Ticket(item, self._number, lane))

    def of(self, key: Hashable) -> list[T]:
        """What is in the lane of this key, in order: the one that runs or is delayed, and what waits."""
        lane = self._lanes.get(key)
        if lane is None:
            return []
        head = [] if lane.head is None else [lane.head.item]
        return head + [ticket.item for ticket in lane.waiting]

    def take(self) -> Ticket[T] | None:
        """The next that may run; its lane gives no other until it is done."""
        if not self._ready:
            return None
        self._count -= 1
        lane = self._ready.popleft()
        lane.head = ticket = lane.waiting.popleft()
        return ticket

    def done(self, ticket: Ticket[T]) -> None:
        """It has ended: its lane goes on."""
        lane = ticket._lane
        lane.head = None
        if lane.waiting:
            self._ready.append(lane)
        elif self._lanes.get(lane.key) is lane:
            del self._lanes[lane.key]

    def delay(self, ticket: Ticket[T], at: float) -> None:
        """It runs again at this time, and nothing of its lane before."""
        self._count += 1
        heappush(self._delayed, (at, ticket.number, ticket))

    def ripen(self, now: float) -> None:
        """What was delayed until now may be taken."""
        while self._delayed and self._delayed[0][0] <= now:
            ticket = heappop(self._delayed)[2]
            ticket._lane.head = None
            ticket._lane.waiting.appendleft(ticket)
            self._ready.append(ticket._lane)

    def drain(self) -> list[T]:
        """Take everything that waits, in the order in which it was put; what is delayed, too."""
        waiting = [ticket for lane in self._open() for ticket in lane.waiting]
        waiting += [ticket for _, _, ticket in self._delayed]
        for lane in self._open():
            lane.waiting.clear()
        self._lanes, self._ready, self._delayed, self._count = {}, deque(), [], 0
        return [ticket.item for ticket in sorted(waiting, key=lambda ticket: ticket.number)]

    def _open(self) -> Iterable[_Lane[T]]:
        return {id(lane): lane for lane in (*self._lanes.values(), *self._ready)}.values()
