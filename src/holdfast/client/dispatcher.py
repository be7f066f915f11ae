"""Deliveries to consumers: which handlers and readers a message is for, and its way back.

A message that came by subscriptions with identifiers goes to the consumers of those; without
identifiers the topic decides. A filter's identifier is made from the filter itself, so that
it means the same in the next process, for what waits in a kept session.

Every delivery ends in one ``ack`` to the engine: when all its consumers are done, or when it
waited ``unclaimed_s`` for a consumer that is not there (contract 15, 16).
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable
from typing import Protocol
from zlib import crc32

from holdfast.client.inbox import Inbox, Item, Shared
from holdfast.clock import Clock
from holdfast.handling import FilterTree
from holdfast.messages import Message
from holdfast.protocol import Delivery
from holdfast.topics import Pattern

HIGHEST_IDENTIFIER = 268_435_455


def identifier_of(filter: str) -> int:
    """The Subscription Identifier of a topic filter (MQTT 5 §3.8.2.1.2)."""
    return crc32(filter.encode()) % HIGHEST_IDENTIFIER + 1


class Acknowledger(Protocol):
    """The engine, as far as it matters here."""

    def ack(self, delivery: Delivery) -> None:
        """This message was handled."""


class Consumer:
    """Who takes messages of some filters: a handler or a subscription."""

    def __init__(self, patterns: tuple[Pattern, ...], filters: tuple[str, ...], inbox: Inbox) -> None:
        """``filters`` are the patterns as they go on the wire, share prefix included."""
        self.patterns = patterns
        self.filters = filters
        self.inbox = inbox


class _Source:
    """One filter of one consumer."""

    __slots__ = ("consumer", "identifier", "index", "pattern", "take_retained")

    def __init__(self, consumer: Consumer, index: int, take_retained: bool) -> None:
        self.consumer = consumer
        self.index = index
        self.pattern = consumer.patterns[index]
        self.identifier = identifier_of(consumer.filters[index])
        self.take_retained = take_retained


class Dispatcher:
    """The consumers of one client, and the counters of what came in."""

    def __init__(self, clock: Clock, unclaimed_s: float) -> None:
        self._clock = clock
        self._unclaimed_s = unclaimed_s
        self._tree: FilterTree[_Source] = FilterTree()
        self._sources: dict[int, list[_Source]] = {}
        self._unclaimed: deque[tuple[float, Delivery]] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self.engine: Acknowledger | None = None
        self.received = 0
        self.handled = 0
        self.dropped = 0
        self.on_unclaimed = _ignore

    # -- consumers ---------------------------------------------------------------------------

    def add(self, consumer: Consumer, take_retained: bool = True) -> None:
        """Give this consumer its messages from now on, those that waited unclaimed first."""
        own = self._sources[id(consumer)] = []
        for index, pattern in enumerate(consumer.patterns):
            source = _Source(consumer, index, take_retained)
            own.append(source)
            self._tree.add(pattern.filter, source)
        waiting, self._unclaimed = self._unclaimed, deque()
        for since, delivery in waiting:
            self._deliver(delivery, since)

    def remove(self, consumer: Consumer) -> None:
        """Give this consumer nothing more."""
        for source in self._sources.pop(id(consumer), ()):
            self._tree.remove(source.pattern.filter, source)

    # -- messages ----------------------------------------------------------------------------

    def deliver(self, deliveries: Iterable[Delivery]) -> None:
        """Messages came in, in wire order."""
        now = self._clock.now()
        for delivery in deliveries:
            self.received += 1
            self._deliver(delivery, now)

    def _deliver(self, delivery: Delivery, since: float) -> None:
        found = self._find(delivery)
        if not found:
            self._keep_unclaimed(delivery, since)
            return
        shared = Shared(len(found)) if len(found) > 1 else None
        arrived = self._clock.wall()
        for source in found:
            self._put(source, delivery, arrived, shared)

    def _find(self, delivery: Delivery) -> tuple[_Source, ...]:
        found = self._tree.find(delivery.publish.topic)
        if len(found) < 2:
            return found
        identifiers = delivery.publish.properties.get("subscription_identifier", ())
        named = [source for source in found if source.identifier in identifiers]
        # One run per consumer, by whichever of its filters comes first.
        once = {id(source.consumer): source for source in reversed(named or found)}
        return tuple(reversed(once.values()))

    def _put(self, source: _Source, delivery: Delivery, arrived: float, shared: Shared | None) -> None:
        publish = delivery.publish
        message = Message(
            publish.topic,
            publish.payload,
            publish.qos,
            publish.retain,
            publish.dup,
            publish.properties,
            source.pattern.captures(publish.topic),
            arrived,
        )
        item = Item(delivery, message, source.index, shared)
        if publish.retain and not source.take_retained:
            self.finish(item)  # 3.1.1 cannot ask the broker to leave these out
        elif not source.consumer.inbox.put(item):
            self.dropped += 1
            self.finish(item)

    def finish(self, item: Item) -> None:
        """This consumer is done with this message."""
        if item.shared is not None:
            item.shared.left -= 1
            if item.shared.left:
                return
        self._ack(item.delivery)

    def _ack(self, delivery: Delivery) -> None:
        self.handled += 1
        if self.engine is not None:
            self.engine.ack(delivery)

    # -- nobody there ------------------------------------------------------------------------

    def _keep_unclaimed(self, delivery: Delivery, since: float) -> None:
        self._unclaimed.append((since, delivery))
        self._schedule()

    def _schedule(self) -> None:
        if self._timer is None and self._unclaimed:
            left = self._unclaimed[0][0] + self._unclaimed_s - self._clock.now()
            self._timer = asyncio.get_running_loop().call_later(max(0.0, left), self._expire)

    def _expire(self) -> None:
        self._timer = None
        limit = self._clock.now() - self._unclaimed_s
        while self._unclaimed and self._unclaimed[0][0] <= limit:
            delivery = self._unclaimed.popleft()[1]
            self.on_unclaimed(delivery)
            self._ack(delivery)
        self._schedule()

    def close(self) -> None:
        """Deliver nothing more; what was not handled stays with the broker's session."""
        self.engine = None
        self._unclaimed.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def _ignore(_delivery: Delivery) -> None:
    """Until somebody wants to know."""
