"""What an ingest reads, and how it ends."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from holdfast import Client, Subscription
from holdfast.client.inbox import Item, Shared
from holdfast.errors import HoldfastError, Stopped
from holdfast.handling import HandlerOptions
from holdfast.ingest.feed import Feed, feed_of
from holdfast.messages import QoS
from holdfast.protocol import Delivery
from holdfast.topics import Pattern
from tests.unit.client.consuming import Dispatch, delivery


class Owner:
    """The client, as far as a subscription needs it."""

    def __init__(self) -> None:
        self.here = Dispatch()
        self.unfinished: list[str] = []
        self.failed: HoldfastError | None = None

    def enter(self, subscription: Subscription) -> None:
        self.here.dispatcher.add(subscription.consumer)

    def leave(self, subscription: Subscription, done: bool, unfinished: Sequence[Item]) -> None:
        self.unfinished += [item[0].text() for item in unfinished]

    def finish(self, delivery: Delivery, shared: Shared | None) -> None:
        self.here.dispatcher.finish(delivery, shared)

    async def granted(self, filters: tuple[str, ...], timeout_s: float | None) -> QoS:
        return 1

    def failure(self, filters: tuple[str, ...]) -> HoldfastError | None:
        return self.failed

    def feed(self) -> Feed:
        """What comes on t."""
        return Feed(lambda: self, (Pattern("t"),), HandlerOptions(), 100)

    def send(self, *payloads: str) -> None:
        """Messages come in."""
        self.here.dispatcher.deliver([delivery("t", payload) for payload in payloads])

    @property
    def acks(self) -> list[str]:
        return [one.payload.decode() for one in self.here.acks]


def texts(items: Sequence[Item]) -> list[str]:
    return [item[0].text() for item in items]


def in_hand(feed: Feed) -> bool:
    return feed.in_hand


async def test_messages_end_when_they_are_told_to() -> None:
    """Some at a time, in the order in which they were taken, whatever was taken since."""
    owner = Owner()
    async with owner.feed() as feed:
        assert isinstance(feed, Feed)
        owner.send("1", "2", "3", "4")
        assert texts(feed.take(2)) == ["1", "2"]
        assert texts(feed.take(1)) == ["3"]
        assert owner.acks == []
        feed.finish(2)
        assert owner.acks == ["1", "2"]
        assert in_hand(feed)
        feed.finish(1)
        assert not in_hand(feed)
        assert texts(feed.take(9)) == ["4"]
        assert feed.take(9) == []


async def test_what_has_not_ended_is_left_to_the_session() -> None:
    """Leaving by an exception acknowledges nothing (contract 15)."""
    owner = Owner()
    feed = owner.feed()
    await feed.__aenter__()
    owner.send("1", "2")
    feed.take(1)
    await feed.__aexit__(KeyError, KeyError(), None)
    assert owner.acks == []
    assert owner.unfinished == ["1", "2"]


async def test_it_is_never_idle() -> None:
    """What waits here waits for a database; it is not acknowledged for want of a reader."""
    owner = Owner()
    async with owner.feed() as feed:
        owner.send("1")
        feed.stale()
        assert feed.stale() == []
        assert texts(list(feed.consumer.inbox.items)) == ["1"]


async def test_waiting_ends_with_a_message_a_nudge_time_or_the_end() -> None:
    """And with the reason why waiting is of no use."""
    owner = Owner()
    async with owner.feed() as feed:
        assert isinstance(feed, Feed)
        for wakes in (feed.nudge, lambda: owner.send("1"), feed.consumer.inbox.close):
            waiting = asyncio.create_task(feed.wait(None))
            await asyncio.sleep(0)
            wakes()
            await waiting
            feed.take(1)
        assert feed.closed
        assert feed.take(1) == []


async def test_waiting_has_an_end_in_time() -> None:
    """Also with nothing to come."""
    async with Owner().feed() as feed:
        assert isinstance(feed, Feed)
        await feed.wait(0.001)


async def test_waiting_for_nothing_is_refused() -> None:
    """The client gave up, or the broker refused the subscription."""
    owner = Owner()
    async with owner.feed() as feed:
        assert isinstance(feed, Feed)
        owner.failed = Stopped("gave up")
        with pytest.raises(Stopped, match="gave up"):
            await feed.wait(None)


def test_a_feed_is_a_subscription_of_its_client() -> None:
    """To these filters, with these options."""
    feed = feed_of(Client(), ["a/{x}", "b"], HandlerOptions(2))
    assert feed.consumer.filters == ("a/+", "b")
    assert feed.options.qos == 2
