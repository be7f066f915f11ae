"""Reading in a loop: what is acknowledged when, and by which exit (contract 15)."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from math import nan

import pytest

from holdfast import Subscription
from holdfast.client import fairness
from holdfast.client.inbox import Item, Shared
from holdfast.errors import ConfigurationError, HoldfastError, Stopped
from holdfast.handling import HandlerOptions
from holdfast.messages import QoS
from holdfast.protocol import Delivery
from holdfast.topics import Pattern
from tests.support.turns import turns
from tests.unit.client.consuming import Dispatch, delivery


class Owner:
    """The client, as far as a subscription needs it."""

    def __init__(self) -> None:
        self.here = Dispatch()
        self.left: list[tuple[bool, list[str]]] = []
        self.failed: HoldfastError | None = None

    def enter(self, subscription: Subscription) -> None:
        self.here.dispatcher.add(subscription.consumer)

    def leave(self, subscription: Subscription, done: bool, unfinished: Sequence[Item]) -> None:
        self.here.dispatcher.remove(subscription.consumer)
        self.left.append((done, [item[0].text() for item in unfinished]))

    def finish(self, delivery: Delivery, shared: Shared | None) -> None:
        self.here.dispatcher.finish(delivery, shared)

    async def granted(self, filters: tuple[str, ...], timeout_s: float | None) -> QoS:
        return 1

    def failure(self, filters: tuple[str, ...]) -> HoldfastError | None:
        return self.failed

    def subscribe(self) -> Subscription:
        """A subscription to t."""
        return Subscription(lambda: self, (Pattern("t"),), HandlerOptions(), 100)

    def send(self, *payloads: str) -> None:
        """Messages come in."""
        self.here.dispatcher.deliver([delivery("t", payload) for payload in payloads])

    @property
    def acks(self) -> list[str]:
        """The payloads that were acknowledged."""
        return [one.payload.decode() for one in self.here.acks]


async def test_the_next_step_acknowledges_the_last_message() -> None:
    """Each message is acknowledged when the loop comes back; leaving acknowledges the rest."""
    owner = Owner()
    async with owner.subscribe() as messages:
        owner.send("1", "2", "3")
        async for message in messages:
            assert owner.acks == [str(n) for n in range(1, int(message.text()))]
            assert messages.in_hand
            if message.text() == "2":
                break
        assert owner.acks == ["1"]
    assert owner.acks == ["1", "2", "3"]
    assert messages.discarded == 1
    assert owner.left == [(True, [])]


async def test_leaving_by_exception_gives_everything_back() -> None:
    """Nothing is acknowledged; hand and inbox go back in order."""
    owner = Owner()
    messages = await owner.subscribe().__aenter__()
    owner.send("1", "2")
    await anext(messages)
    await messages.__aexit__(KeyError, KeyError(), None)
    assert owner.acks == []
    assert owner.left == [(False, ["1", "2"])]


async def test_the_client_stops() -> None:
    """The loop ends at its next step; what it had finished is acknowledged, the rest is not."""
    owner = Owner()
    async with owner.subscribe() as messages:
        owner.send("1", "2")
        await anext(messages)
        messages.consumer.inbox.close()
        with pytest.raises(StopAsyncIteration):
            await anext(messages)
    assert owner.acks == ["1"]
    assert owner.left == [(False, ["2"])]


async def test_failure_reaches_the_waiting_reader() -> None:
    """Refused, or given up: the reader gets the typed error, after the messages that are there."""
    owner = Owner()
    async with owner.subscribe() as messages:
        owner.send("1")
        owner.failed = Stopped("gave up")
        assert (await anext(messages)).text() == "1"
        with pytest.raises(Stopped):
            await anext(messages)
        owner.failed = None
        waiting = asyncio.ensure_future(anext(messages))
        await asyncio.sleep(0)
        owner.failed = Stopped("gave up")
        messages.consumer.inbox.nudge()
        with pytest.raises(Stopped):
            await waiting


async def test_batches_are_acknowledged_as_one() -> None:
    """Up to ``size``, within ``wait_s``; the next step acknowledges the whole batch."""
    owner = Owner()
    async with owner.subscribe() as messages:
        owner.send(*"12345")
        batches = messages.batches(3, wait_s=0.001)
        assert [one.text() for one in await anext(batches)] == ["1", "2", "3"]
        assert owner.acks == []
        assert [one.text() for one in await anext(batches)] == ["4", "5"]
        assert owner.acks == ["1", "2", "3"]
    assert owner.acks == list("12345")


async def test_a_batch_that_the_end_cuts_short_is_not_given() -> None:
    """Half full when the client stops: nobody waits for its reader, so it is for the next, unacknowledged."""
    owner = Owner()
    async with owner.subscribe() as messages:
        owner.send("1", "2")
        waiting = asyncio.ensure_future(anext(messages.batches(3, wait_s=60)))
        await turns()
        messages.consumer.inbox.close()
        with pytest.raises(StopAsyncIteration):
            await waiting
        assert not messages.in_hand
    assert owner.acks == []
    assert owner.left == [(False, ["1", "2"])]


async def test_a_cancelled_batch_was_never_read() -> None:
    """Nobody has seen these: they are not acknowledged, and the next reader gets them first."""
    owner = Owner()
    async with owner.subscribe() as messages:
        owner.send("1", "2")
        waiting = asyncio.ensure_future(anext(messages.batches(3, wait_s=60)))
        await turns()
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert (await anext(messages)).text() == "1"
        assert owner.acks == []


async def test_misuse_is_named() -> None:
    """Not entered, entered twice, two readers, impossible batches."""
    owner = Owner()
    subscription = owner.subscribe()
    with pytest.raises(TypeError, match="async with"):
        aiter(subscription)
    with pytest.raises(TypeError, match="async with"):
        await anext(subscription)
    with pytest.raises(TypeError, match="async with"):
        await subscription.ready()
    async with subscription as messages:
        assert await messages.ready() == 1
        with pytest.raises(ConfigurationError):
            await messages.__aenter__()
        for size, wait_s in ((0, 1), (1, -1), (1, nan)):
            with pytest.raises(ConfigurationError):
                messages.batches(size, wait_s=wait_s)
        waiting = asyncio.ensure_future(anext(messages))
        await asyncio.sleep(0)
        with pytest.raises(ConfigurationError, match="reader"):
            await anext(messages)
        waiting.cancel()
    with pytest.raises(ConfigurationError):
        await subscription.__aenter__()


async def test_a_busy_stream_lets_others_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader with a full inbox gives way now and then."""
    monkeypatch.setattr(fairness, "SLICE_S", 0)
    owner = Owner()
    async with owner.subscribe() as messages:
        owner.send(*map(str, range(500)))
        turns = 0

        async def count() -> None:
            nonlocal turns
            while True:
                turns += 1
                await asyncio.sleep(0)

        counting = asyncio.create_task(count())
        for _ in range(450):
            await anext(messages)
        counting.cancel()
        assert turns >= 3


async def test_stale_is_what_nobody_reads() -> None:
    """Two looks without a reader: what lay there is stale. A reader at work, or waiting, is none."""
    owner = Owner()
    async with owner.subscribe() as messages:
        owner.send("1", "2")
        assert messages.stale() == []
        owner.send("3")
        assert [item[0].text() for item in messages.stale()] == ["1", "2"]
        assert (await anext(messages)).text() == "3"
        owner.send("4")
        assert [messages.stale() for _ in range(3)] == [[], [], []]
        reader = asyncio.current_task()
        assert not messages.runs_in(reader)
        aiter(messages)
        assert messages.runs_in(reader)
