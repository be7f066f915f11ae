"""Reading messages in a loop: each is acknowledged when the loop comes back for the next."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from types import TracebackType
from typing import Any, Protocol

from holdfast.client.dispatcher import Consumer
from holdfast.client.fairness import LOOK_EVERY, Fairness
from holdfast.client.inbox import Inbox, Item, Shared
from holdfast.errors import ConfigurationError, HoldfastError
from holdfast.handling import HandlerOptions
from holdfast.messages import Message, QoS
from holdfast.protocol import Delivery
from holdfast.topics import Pattern


class Owner(Protocol):
    """The client, as far as a subscription needs it."""

    def enter(self, subscription: Subscription) -> None:
        """Begin to deliver, and ask the broker."""

    def leave(self, subscription: Subscription, done: bool, unfinished: Sequence[Item]) -> None:
        """Deliver no more; ``done``: not wanted any more; ``unfinished`` are for the next reader."""

    def finish(self, delivery: Delivery, shared: Shared | None) -> None:
        """This message was handled."""

    async def granted(self, filters: tuple[str, ...], timeout_s: float | None) -> QoS:
        """Wait until the broker granted these."""

    def failure(self, filters: tuple[str, ...]) -> HoldfastError | None:
        """Why waiting for messages is of no use any more, if it is."""


class Subscription(AsyncIterator[Message]):
    """``async with client.subscribe(...) as messages``: an intent while it is entered.

    Leaving by ``break``, ``return`` or the end means "I have enough": the message in hand and
    those waiting are acknowledged, and the broker is asked to send no more. Leaving by an
    exception, by cancellation or because the client stops means "not done": nothing is
    acknowledged, and the session keeps the subscription (contract 15).
    """

    def __init__(
        self,
        running: Callable[[], Owner],
        patterns: tuple[Pattern, ...],
        options: HandlerOptions,
        qos0_limit: int,
    ) -> None:
        """Made by ``Client.subscribe``; ``running`` gives the client's present run, or raises."""
        self._running = running
        self.options = options
        filters = tuple(options.wire_filter(pattern) for pattern in patterns)
        self.consumer = Consumer(patterns, filters, Inbox(qos0_limit))
        self._hand: list[Item] = []
        self._entered = False
        self._reading = False
        self._reader: asyncio.Task[Any] | None = None
        self._asked = False
        self._seen = 0
        self._fairness = Fairness()
        self._handed_out = 0
        self.discarded = 0

    async def __aenter__(self) -> Subscription:
        """Declare the intent; never waits for the broker."""
        if self._entered or self.consumer.inbox.closed:
            raise ConfigurationError("this subscription was entered before", hint="subscribe once more")
        self._owner = self._running()
        self._owner.enter(self)
        self._entered = True
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """See the class."""
        inbox = self.consumer.inbox
        done = kind is None and not inbox.closed
        self._entered = False
        if kind is None:
            self._finish_hand()
        hand, self._hand = self._hand, []
        unread = inbox.drain()
        if done:
            self.discarded += len(unread)
            for item in unread:
                self._finish(item)
        self._owner.leave(self, done, [] if done else [*hand, *unread])

    def __aiter__(self) -> AsyncIterator[Message]:
        """Each message is acknowledged when the next is asked for. Raises SubscribeRefused, Stopped."""
        self._check_entered()
        self._reader = asyncio.current_task()
        return self

    async def __anext__(self) -> Message:
        """The next message; waits for it, through any outage."""
        self._begin_reading()
        try:
            await self._wait()
        finally:
            self._reading = False
        item = self.consumer.inbox.pop()
        self._hand.append(item)
        return item[0]

    def batches(self, size: int = 500, *, wait_s: float = 0.2) -> AsyncIterator[list[Message]]:
        """The same in lists of up to ``size``, acknowledged as one when the next is asked for.

        The first message of a list is waited for without end, the others ``wait_s`` seconds. A list that
        the end of the client cuts short is not given: its messages wait for the next reader.
        """
        self._check_entered()
        check_batches(size, wait_s)
        self._reader = asyncio.current_task()
        return _Batches(self, size, wait_s)

    async def ready(self, timeout_s: float | None = None) -> QoS:
        """Wait for the grant; gives its QoS. Raises SubscribeRefused, NotReady, Stopped."""
        self._check_entered()
        return await self._owner.granted(self.consumer.filters, timeout_s)

    @property
    def in_hand(self) -> bool:
        """Whether the reader has not come back from what it was given."""
        return bool(self._hand)

    def runs_in(self, task: asyncio.Task[Any] | None) -> bool:
        """Whether this task reads here."""
        return task is not None and task is self._reader

    def stale(self) -> list[Item]:
        """What has lain here since the last look while nobody read at all (contract 15)."""
        inbox = self.consumer.inbox
        idle = not (self._asked or self._reading or self._hand)
        old = inbox.withdraw(self._seen) if idle else []
        self._seen, self._asked = len(inbox.items), False
        return old

    # -- inside ------------------------------------------------------------------------------

    def _check_entered(self) -> None:
        if not self._entered:
            raise TypeError("write: async with client.subscribe(...) as messages, then async for")

    def _begin_reading(self) -> None:
        """Acknowledge what was handed out; two readers would acknowledge each other's messages."""
        if self._reading:
            raise ConfigurationError("this subscription has a reader", hint="one loop per subscription")
        if self._hand:
            self._finish_hand()
        self._reading = self._asked = True

    async def _wait(self) -> None:
        inbox = self.consumer.inbox
        self._handed_out += 1
        if self._handed_out % LOOK_EVERY == 0 and self._fairness.spent():
            await self._fairness.rest()
        while not inbox.items or inbox.closed:
            if inbox.closed:
                raise StopAsyncIteration
            self._check_entered()
            failure = self._owner.failure(self.consumer.filters)
            if failure is not None:
                raise failure
            await inbox.wait()
            self._fairness.begin()

    async def _next_batch(self, size: int, wait_s: float) -> list[Message]:
        self._begin_reading()
        try:
            await self._wait()
            self._hand = await self._gather(size, wait_s)
        finally:
            self._reading = False
        return [item[0] for item in self._hand]

    async def _gather(self, size: int, wait_s: float) -> list[Item]:
        inbox = self.consumer.inbox
        batch: list[Item] = []
        deadline = asyncio.get_running_loop().time() + wait_s
        try:
            while len(batch) < size and not inbox.closed:
                if inbox.items:
                    batch.append(inbox.pop())
                elif not await _in_time(inbox, deadline):
                    break
            if inbox.closed:  # nobody waits for who would handle these, so they could not be acknowledged
                raise StopAsyncIteration
        except BaseException:
            inbox.put_back(batch)  # cancelled, or the end: nobody has seen these
            raise
        return batch

    def _finish_hand(self) -> None:
        hand, self._hand = self._hand, []
        for item in hand:
            self._finish(item)

    def _finish(self, item: Item) -> None:
        self._owner.finish(item[1], item[3])


class _Batches(AsyncIterator[list[Message]]):
    def __init__(self, subscription: Subscription, size: int, wait_s: float) -> None:
        self._subscription = subscription
        self._size = size
        self._wait_s = wait_s

    async def __anext__(self) -> list[Message]:
        return await self._subscription._next_batch(self._size, self._wait_s)


def check_batches(size: int, wait_s: float) -> None:
    """Raises ConfigurationError where that makes no batches."""
    if size < 1 or not wait_s >= 0:  # NaN is neither below nor above
        raise ConfigurationError(f"batches({size}, wait_s={wait_s}): size is 1 or more, wait_s not below 0")


async def _in_time(inbox: Inbox, deadline: float) -> bool:
    try:
        async with asyncio.timeout_at(deadline):
            await inbox.wait()
    except TimeoutError:
        return False
    return True
