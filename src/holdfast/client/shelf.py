"""What the outbox file keeps for one handler, and how it comes back (contract 13).

Up to ``MOST`` kept messages are in memory as well, in their lanes. Beyond them, and for a handler that
begins with rows of an earlier process, what comes is kept in the file alone and acknowledged; it is read
in the order of keeping as those in memory are handled, and until all is read nothing comes by another way.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING

from holdfast.client.dispatcher import Consumer
from holdfast.client.inbox import Item, Shared
from holdfast.client.kept_lanes import KeptLanes
from holdfast.client.places import Place, row
from holdfast.client.refill import Refill
from holdfast.handling.lanes import NO_KEY
from holdfast.messages import Message
from holdfast.outbox.intake import Held
from holdfast.protocol import Delivery

if TYPE_CHECKING:
    from holdfast.client.parking import Parking
    from holdfast.client.suspects import Gate

log = logging.getLogger("holdfast")

MOST = 1000
"""Kept messages of one handler that are in memory as well."""

AGAIN_S = 0.5
"""Whether there is room again is looked at so much later."""

LATE = "it held up the line"


class Shelf:
    """Of one handler; everything is on the loop of its run."""

    def __init__(self, parking: Parking, consumer: Consumer, owner: str, wrapped: bool) -> None:
        """``owner`` is whose rows they are; ``wrapped``: others stand before it, and stay there."""
        self._parking = parking
        self.consumer = consumer
        self.owner = owner
        self._wrapped = wrapped
        self.inner = self._way = consumer.put
        """Where messages go that need not wait for what is kept."""
        self.lanes = KeptLanes(parking, self)
        """What is kept and in memory."""
        self.gate: Gate | None = None
        self.ended = False
        self._coming = 0  # kept in the file alone, and not committed
        self._refused: deque[Item] = deque()  # came, and the file had no room
        self._refill = Refill(parking, owner, consumer.patterns, self)
        self._timer: asyncio.TimerHandle | None = None

    @property
    def spilling(self) -> bool:
        """Whether there is something in the file that is not in memory."""
        return bool(self._coming) or self._refill.busy

    @property
    def count(self) -> int:
        """How many kept messages are in memory."""
        return self.lanes.count

    @property
    def is_full(self) -> bool:
        """Whether there are to be no more."""
        return self.count >= MOST

    def begin(self) -> None:
        """What is in the file comes first."""
        if self._wrapped:
            self.consumer.put = lambda item: self._way(item)
        self._refill.begin()
        self._divert()

    def opens(self, inner: Callable[[Item], bool]) -> None:
        """They go there from now on."""
        self.inner = inner
        self._divert()

    def look(self, number: int | None = None) -> None:
        """There are rows that did not come by here, or from this number on are in the file alone again."""
        self._refill.look(number)
        self._divert()

    def end(self) -> list[Item]:
        """Read no more; gives what was not kept."""
        self.ended = True
        self._refill.close()
        if self._timer is not None:
            self._timer.cancel()
        self._way = self.inner
        refused, self._refused = list(self._refused), deque()
        return refused

    def _divert(self) -> None:
        """Messages come by here while there is anything that may have to wait for what is kept."""
        busy = self.spilling or self.count or self._refused
        self._way = self.put if busy else self.inner
        if not self._wrapped:
            self.consumer.put = self._way

    # -- what comes --------------------------------------------------------------------------

    def put(self, item: Item) -> bool:
        """In the place of the inbox's: whatever waits for what is kept, is kept too."""
        if not item[0].qos:
            return self.inner(item)
        if self.spilling or self._refused:
            self._spill(item)
            return True
        key = self.consumer.inbox.key_of(item)
        if key in self.lanes:
            if self.is_full:
                self._spill(item)
                return True
            self.lanes.comes(item, key)
        return self.inner(item)

    def refused(self, delivery: Delivery) -> bool:
        """Whether it waits here for room in the file, and what came behind it with it."""
        return any(item[1] is delivery for item in self._refused)

    def _spill(self, item: Item) -> None:
        """Into the file alone; where it has no room it waits unacknowledged, and what follows behind it."""
        _, delivery, index, shared = item
        place = self.place(delivery, index)
        held = place.held
        commit = self._parking.hold([held]) if self.lanes.are_whole(place.key) and not self._refused else None
        if commit is None:
            self._refused.append(item)
            if self._timer is None:
                self._timer = self._parking.loop.call_later(AGAIN_S, self.settled)
            return
        self._coming += 1
        if shared is not None:
            self._parking.apart(delivery, self)
        self._parking.when(commit, lambda: self._spilled(delivery, shared))

    def _spilled(self, delivery: Delivery, shared: Shared | None) -> None:
        self._coming -= 1
        self._refill.left += 1
        self._parking.dispatcher.finish(delivery, shared)
        self._refill.go_on()

    # -- what is kept and in memory ----------------------------------------------------------

    def place(self, delivery: Delivery, index: int, key: Hashable = None) -> Place:
        """What this message would be here, which came by this pattern."""
        if key is None:
            message: Message = self._message(delivery, index)
            key = self.consumer.inbox.key_of((message, delivery, index, None))
        held = row(delivery, self.owner, LATE)
        held.key = None if key is NO_KEY or isinstance(key, Exception) else str(key)
        return Place(self, held, key)

    def _message(self, delivery: Delivery, index: int) -> Message:
        """With the captures of this handler; it came for others, too, where it has none of its own."""
        pattern = self.consumer.patterns[index]
        if not pattern.names or delivery.captures.keys() == set(pattern.names):
            return delivery
        captures = pattern.captures(delivery.topic)
        return Message(
            delivery.topic, delivery.raw, delivery.qos, properties=delivery.properties, captures=captures
        )

    def came(self, place: Place) -> None:
        """It is kept, and in memory."""
        self.lanes.came(place.key)
        self._divert()

    def went(self, place: Place) -> None:
        """It has ended; its row is about to leave."""
        self.lanes.went(place.key)
        if self.count <= MOST // 2:
            self._refill.go_on()
        self._divert()

    # -- what comes back ---------------------------------------------------------------------

    def bring_back(self, held: Held, index: int) -> None:
        """It was read from the file: into its lane."""
        delivery = Delivery(
            held.topic, held.payload, held.qos, held.retain, True, 0, held.properties
        )  # fmt: skip
        delivery.arrived, delivery.captures = held.arrived, self.consumer.patterns[index].captures(held.topic)
        item: Item = (delivery, delivery, index, None)
        place = Place(self, held, self.consumer.inbox.key_of(item))
        self._parking.enter(delivery, [place], 0)
        self.inner(item)

    def settled(self) -> None:
        """What waits for room, or to be read, is looked at again."""
        self._timer = None
        if self._parking.closed or self.ended:
            return
        refused, self._refused = self._refused, deque()
        for item in refused:
            self.put(item)
        self._refill.go_on()
        self._divert()
