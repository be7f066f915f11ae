"""Deliveries to consumers: which handlers and readers a message is for, and its way back.

A message that came by subscriptions with identifiers goes to the consumers of those; without
identifiers the topic decides. A filter's identifier is made from the filter itself, so that
it means the same in the next process, for what waits in a kept session. What comes only by a filter
that waits for its next consumer waits, too, whoever else takes the topic (``left``): for who comes next.

Every delivery ends in one ``ack``, which is the engine's: when all its consumers are done, or when it
waited ``unclaimed_s`` for a consumer that is not there (contract 15, 16).
"""

from __future__ import annotations

from binascii import crc32  # ssl has loaded it, and not zlib
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import TYPE_CHECKING

from holdfast.client.inbox import Inbox, Item, Shared
from holdfast.client.left import Left
from holdfast.codec import V311, Version
from holdfast.handling import FilterTree
from holdfast.messages import Message
from holdfast.protocol import Delivery
from holdfast.topics import Pattern

if TYPE_CHECKING:
    from holdfast.clock import Clock

HIGHEST_IDENTIFIER = 268_435_455


def identifier_of(filter: str) -> int:
    """The Subscription Identifier of a topic filter (MQTT 5 §3.8.2.1.2)."""
    return crc32(filter.encode()) % HIGHEST_IDENTIFIER + 1


class Consumer:
    """Who takes messages of some filters: a handler or a subscription."""

    reads = False
    """Whether it is a subscription: what lies there has a limit of its own (contract 15)."""

    def __init__(self, patterns: tuple[Pattern, ...], filters: tuple[str, ...], inbox: Inbox) -> None:
        """``filters`` are the patterns as they go on the wire, share prefix included."""
        self.patterns = patterns
        self.filters = filters
        self.inbox = inbox
        self.put: Callable[[Item], bool] = inbox.put
        """Gives it a message; False: there is no room."""
        self.drain: Callable[[], list[Item]] = inbox.drain
        """Closes it, and gives what it has not handled."""
        self.lane: Callable[[Hashable], list[Item]] = inbox.lane
        """What has this ordering key, in order."""


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
        self._tree: FilterTree[_Source] = FilterTree()
        self._sources: dict[int, list[_Source]] = {}
        from holdfast.client.unclaimed import Unclaimed  # with the first start, as much as can be

        self.unclaimed = Unclaimed(clock, unclaimed_s, lambda *one: self.on_unclaimed(*one))
        self.left = Left(clock, unclaimed_s)
        self.ack: Callable[[Delivery], None] = _ignore
        self.received = 0
        self.dropped = 0
        self._drop_retained = False
        self.opened_at = 0.0
        """When the present or last connection began, on the client's clock."""
        self.on_unclaimed: Callable[[Delivery, Shared | None], bool] = not_yet
        """Nobody takes this message; ends with ``finish``."""

    # -- consumers ---------------------------------------------------------------------------

    def add(self, consumer: Consumer, take_retained: bool = True) -> None:
        """Give this consumer its messages from now on, those that waited unclaimed first."""
        own = self._sources[id(consumer)] = []
        for index, pattern in enumerate(consumer.patterns):
            source = _Source(consumer, index, take_retained)
            own.append(source)
            self._tree.add(pattern.filter, source)
        self.left.wanted(consumer.filters)
        self._claim(consumer)

    def _claim(self, consumer: Consumer) -> None:
        def takes(delivery: Delivery, shared: Shared | None) -> bool:
            sources = self._named(self._tree.find(delivery.topic), delivery)
            mine = [source for source in sources if source.consumer is consumer]
            if mine:
                self._put(mine[0], _copy(delivery), delivery, shared)
            return bool(mine)

        self.unclaimed.offer(takes)

    def remove(self, consumer: Consumer) -> None:
        """Give this consumer nothing more."""
        for source in self._sources.pop(id(consumer), ()):
            self._tree.remove(source.pattern.filter, source)

    def give_back(self, items: Sequence[Item]) -> None:
        """A consumer left these unfinished: the next one gets them, else they are unclaimed (contract 15)."""
        for message, delivery, _, shared in items:
            if message.qos:
                self.unclaimed.add(delivery, shared)
            else:
                self.drop(delivery, shared)

    def hand_on(self, items: Sequence[Item], since: Iterable[Consumer]) -> None:
        """Given back so late that others had come since, who have not had these."""

        def add() -> None:
            self.give_back(items)
            for consumer in since:
                self._claim(consumer)

        self.unclaimed.add_before(add)

    # -- messages ----------------------------------------------------------------------------

    def opened(self, version: Version) -> None:
        """A connection begins; what it brings follows."""
        self.opened_at = self._clock.now()
        self._drop_retained = version == V311

    def deliver(self, deliveries: Sequence[Delivery]) -> None:
        """Messages came in, in wire order."""
        self.received += len(deliveries)
        arrived, find, known = self._clock.wall(), self._tree.find, self._tree.known
        kept = self.left.kept
        for delivery in deliveries:
            found = known.get(delivery.topic) or find(delivery.topic)
            delivery.arrived = arrived
            if len(found) == 1 and not kept:
                self._put(found[0], delivery, delivery, None)
            elif found:
                self._share(found, delivery)
            else:
                self._nobody(delivery)

    def _share(self, found: tuple[_Source, ...], delivery: Delivery) -> None:
        """Each consumer gets a message of its own, as the captures are its own; it may be for none."""
        sources = self._named(found, delivery)
        by = delivery.properties.get("subscription_identifier")
        if by and sources[0].identifier not in by and self.left.keeps(delivery):
            return self._nobody(delivery)
        shared = Shared(len(sources)) if len(sources) > 1 else None
        for source in sources:
            self._put(source, delivery if shared is None else _copy(delivery), delivery, shared)
        return None

    def _named(self, found: tuple[_Source, ...], delivery: Delivery) -> tuple[_Source, ...]:
        identifiers = delivery.properties.get("subscription_identifier", ())
        named = [source for source in found if source.identifier in identifiers]
        # One run per consumer, by whichever of its filters comes first.
        once = {id(source.consumer): source for source in reversed(named or found)}
        return tuple(reversed(once.values()))

    def _put(self, source: _Source, message: Message, delivery: Delivery, shared: Shared | None) -> None:
        if source.pattern.names:
            message.captures = source.pattern.captures(delivery.topic)
        if delivery.retain and self._drop_retained and not source.take_retained:
            self.finish(delivery, shared)  # 3.1.1 cannot ask the broker to leave these out
        elif not source.consumer.put((message, delivery, source.index, shared)):
            self.drop(delivery, shared)

    def drop(self, delivery: Delivery, shared: Shared | None) -> None:
        """There is no room for this message of QoS 0."""
        self.dropped += 1
        self.finish(delivery, shared)

    def takers(self, delivery: Delivery) -> list[tuple[Consumer, int]]:
        """Whose message this is, and by which of their filters."""
        found = self._tree.find(delivery.topic)
        return [(source.consumer, source.index) for source in self._named(found, delivery)]

    def finish(self, delivery: Delivery, shared: Shared | None) -> None:
        """A consumer is done with this message."""
        if shared is None or shared.done():
            delivery.done = True  # at once: who looks for what is late must not wait for the engine's turn
            self.ack(delivery)

    # -- nobody there ------------------------------------------------------------------------

    def enough(self, filters: Iterable[str]) -> None:
        """Nobody wants these any more: what still comes or waits unclaimed is acknowledged (contract 15)."""
        self.left.enough({filter: identifier_of(filter) for filter in filters})

        def takes(delivery: Delivery, shared: Shared | None) -> bool:
            enough = self.left.is_enough(delivery)
            if enough:
                self.finish(delivery, shared)
            return enough

        self.unclaimed.offer(takes)

    def _nobody(self, delivery: Delivery) -> None:
        if self.left.is_enough(delivery):
            self.finish(delivery, None)
        else:
            self.unclaimed.add(delivery, None)

    def close(self) -> None:
        """Deliver nothing more; what was not handled stays with the broker's session."""
        self.ack = _ignore
        self.unclaimed.close()


def _copy(delivery: Delivery) -> Message:
    """The message as it came, for a consumer that is not its first or only one."""
    return Message(
        delivery.topic,
        delivery.payload,
        delivery.qos,
        delivery.retain,
        delivery.duplicate,
        delivery.properties,
        arrived=delivery.arrived,
    )


def not_yet(_delivery: Delivery, _shared: Shared | None) -> bool:
    """Nobody takes it: not yet."""
    return False


def _ignore(_delivery: Delivery) -> None:
    """Nobody wants to know: not yet, or not any more."""
