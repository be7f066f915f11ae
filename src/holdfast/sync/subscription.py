"""Reading messages in a loop of a thread: each is acknowledged when the loop comes back for the next."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from threading import Lock, get_ident
from time import monotonic
from types import TracebackType
from typing import Any

from holdfast.client.blocking import CALLER
from holdfast.client.core import Core
from holdfast.client.dispatcher import Consumer
from holdfast.client.inbox import Item, Shared
from holdfast.client.subscription import check_batches
from holdfast.client.thread_inbox import ThreadInbox
from holdfast.errors import ConfigurationError, Stopped
from holdfast.handling import HandlerOptions
from holdfast.messages import Message, QoS
from holdfast.protocol import Delivery
from holdfast.sync.home import Home, call, check
from holdfast.topics import Pattern


class Subscription(Iterator[Message]):
    """``with client.subscribe(...) as messages``: an intent while it is entered.

    Leaving by ``break``, ``return`` or the end means "I have enough": the message in hand and
    those waiting are acknowledged, and the broker is asked to send no more. Leaving by an
    exception, by Ctrl-C or because the client stops means "not done": nothing is
    acknowledged, and the session keeps the subscription (contract 15).
    """

    def __init__(
        self,
        home: Home,
        running: Callable[[], Core],
        patterns: tuple[Pattern, ...],
        options: HandlerOptions,
        qos0_limit: int,
    ) -> None:
        """Made by ``Client.subscribe``; ``running`` gives the client's present run, or raises."""
        self._home = home
        self._running = running
        self.options = options
        filters = tuple(options.wire_filter(pattern) for pattern in patterns)
        self._inbox = ThreadInbox(qos0_limit)
        self.consumer = Consumer(patterns, filters, self._inbox)
        self._hand: list[Item] = []
        self._given = self._finished = 0  # the one by the reader's thread, the other by the loop
        self._entered = False
        self._reading = Lock()
        self._reader = 0
        self._asked = False
        self._seen = 0
        self.discarded = 0

    def __enter__(self) -> Subscription:
        """Declare the intent; never waits for the broker."""
        if self._entered or self._inbox.closed:
            raise ConfigurationError("this subscription was entered before", hint="subscribe once more")
        self._owner = owner = self._running()

        async def enter() -> None:
            owner.enter(self)

        call(self._home, enter)
        self._entered = True
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """See the class."""
        done = kind is None and not self._inbox.closed
        self._entered = False
        if kind is None:
            self._finish_hand()

        async def leave() -> None:
            self._leave(done)

        try:
            call(self._home, leave)
        except Stopped:  # with the client all its subscriptions have ended
            return

    def _leave(self, done: bool) -> None:
        hand, self._hand = self._hand, []
        unread = self._inbox.drain()
        if done:
            self.discarded += len(unread)
            for _, delivery, _, shared in unread:
                self._owner.finish(delivery, shared)
        self._owner.leave(self, done, [] if done else [*hand, *unread])

    def __iter__(self) -> Iterator[Message]:
        """Each message is acknowledged when the next is asked for. Raises SubscribeRefused, Stopped."""
        self._check_entered()
        self._reader = get_ident()
        return self

    def __next__(self) -> Message:
        """The next message; waits for it, through any outage."""
        self._begin_reading()
        try:
            item = self._next(None)
        finally:
            self._reading.release()
        assert item is not None, "it waits without end"
        self._hand.append(item)
        return item[0]

    def batches(self, size: int = 500, *, wait_s: float = 0.2) -> Iterator[list[Message]]:
        """The same in lists of up to ``size``, acknowledged as one when the next is asked for.

        The first message of a list is waited for without end, the others ``wait_s`` seconds. A list that
        the end of the client cuts short is not given: its messages wait for the next reader.
        """
        self._check_entered()
        check_batches(size, wait_s)
        self._reader = get_ident()
        return _Batches(self, size, wait_s)

    def ready(self, timeout_s: float | None = None) -> QoS:
        """Wait for the grant; gives its QoS. Raises SubscribeRefused, NotReady, Stopped."""
        self._check_entered()
        return call(self._home, lambda: self._owner.granted(self.consumer.filters, timeout_s))

    # -- for the loop ------------------------------------------------------------------------

    @property
    def in_hand(self) -> bool:
        """Whether the reader has not come back from what it was given, or that is on its way."""
        return self._given != self._finished

    def runs_in(self, task: asyncio.Task[Any] | None) -> bool:
        """Whether what is done now was asked for by the thread that reads here."""
        return self._reader != 0 and CALLER.get() == self._reader

    def stale(self) -> list[Item]:
        """What has lain here since the last look while nobody read at all (contract 15)."""
        idle = not (self._asked or self._reading.locked() or self.in_hand)
        old = self._inbox.withdraw(self._seen) if idle else []
        self._seen, self._asked = len(self._inbox.items), False
        return old

    def _finish(self, delivery: Delivery, shared: Shared | None) -> None:
        self._finished += 1
        self._owner.finish(delivery, shared)

    # -- on the reader's thread --------------------------------------------------------------

    def _check_entered(self) -> None:
        if not self._entered:
            raise TypeError("write: with client.subscribe(...) as messages, then for")

    def _begin_reading(self) -> None:
        """Acknowledge what was handed out; two readers would acknowledge each other's messages."""
        if not self._reading.acquire(blocking=False):
            raise ConfigurationError("this subscription has a reader", hint="one loop per subscription")
        if self._hand:
            self._finish_hand()
        self._asked = True

    def _finish_hand(self) -> None:
        hand, self._hand = self._hand, []
        post = self._owner.here.post
        for _, delivery, _, shared in hand:
            post(self._finish, delivery, shared)

    def _next(self, deadline: float | None) -> Item | None:
        """The next message; None: there was none by then. Raises StopIteration when it was closed."""
        inbox = self._inbox
        while not inbox.closed:
            item = self._take()
            if item is not None:
                return item
            self._check_entered()
            left = None if deadline is None else deadline - monotonic()
            if left is not None and left <= 0:
                return None
            check(self._home)
            failure = self._owner.failure(self.consumer.filters)
            if failure is not None:
                raise failure
            inbox.sleep(self._is_of_use, left)
        raise StopIteration

    def _take(self) -> Item | None:
        """The next message, if there is one; in hand before it is looked for: a stop is seen, or waits."""
        self._given += 1
        item = None
        try:
            if not self._inbox.closed:
                item = self._inbox.pop_now()
        finally:
            if item is None:
                self._let_go(1)
        return item

    def _let_go(self, count: int) -> None:
        """So many are not in hand after all; a stop that has seen them looks once more."""
        self._given -= count
        if self._inbox.closed:
            self._owner.here.post(self._owner.state.changed.notify)

    def _is_of_use(self) -> bool:
        return self._owner.failure(self.consumer.filters) is None

    def _next_batch(self, size: int, wait_s: float) -> list[Message]:
        self._begin_reading()
        batch: list[Item] = []
        try:
            self._gather(batch, size, wait_s)
        except BaseException:
            self._inbox.put_back(batch)  # interrupted, or the end: nobody has seen these
            self._let_go(len(batch))
            raise
        finally:
            self._reading.release()
        self._hand = batch
        return [item[0] for item in batch]

    def _gather(self, batch: list[Item], size: int, wait_s: float) -> None:
        item = self._next(None)
        deadline = monotonic() + wait_s
        while item is not None:
            batch.append(item)
            if len(batch) == size:
                return
            item = self._next(deadline)


class _Batches(Iterator[list[Message]]):
    def __init__(self, subscription: Subscription, size: int, wait_s: float) -> None:
        self._subscription = subscription
        self._size = size
        self._wait_s = wait_s

    def __next__(self) -> list[Message]:
        return self._subscription._next_batch(self._size, self._wait_s)
