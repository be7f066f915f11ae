"""What one consumer has been given and not yet handled."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Hashable, Sequence
from contextlib import suppress

from holdfast.messages import Message
from holdfast.protocol import Delivery


class Shared:
    """One delivery for several consumers: acknowledged when the last one is done (contract 16)."""

    __slots__ = ("left",)

    def __init__(self, left: int) -> None:
        self.left = left

    def done(self) -> bool:
        """One of them is done; whether it was the last."""
        self.left -= 1
        return not self.left


Item = tuple[Message, Delivery, int, Shared | None]
"""One message for one consumer: the message, its delivery, the index of the consumer's pattern
that it came by, and what it shares with other consumers. A plain tuple, as there is one for
every message."""


class Inbox:
    """A queue with one reader; once it holds ``qos0_limit`` messages, more of QoS 0 are refused."""

    def __init__(self, qos0_limit: int) -> None:
        self.items: deque[Item] = deque()
        self.pop: Callable[[], Item] = self.items.popleft
        """The next message, for its reader."""
        self._qos0_limit = qos0_limit
        self._reader: asyncio.Future[None] | None = None
        self._sleeper: asyncio.Future[None] | None = None
        self.in_hand: Item | None = None
        """What the reader took last, until it has to wait; where it says so."""
        self.closed = False

    def put(self, item: Item) -> bool:
        """Take a message in; False when it is QoS 0 and there is no room."""
        if not item[0].qos and len(self.items) >= self._qos0_limit:
            return False
        self.items.append(item)
        if self._reader is not None:
            self._wake()
        return True

    def key_of(self, item: Item) -> Hashable:
        """What a message has in common with those that wait for it: here all do."""
        return ""

    def lane(self, key: Hashable) -> list[Item]:
        """What has this key, in order: what is in hand, or was last before it waits, and what waits here."""
        in_hand = self.in_hand
        return [*self.items] if in_hand is None else [in_hand, *self.items]

    def through(self, change: Callable[[Item], Item]) -> None:
        """The reader gets each message as ``change`` makes it; while they wait they stay as they came."""

        def pop() -> Item:
            item = self.items.popleft()
            try:
                return change(item)
            except BaseException:  # Ctrl-C in a reader's thread
                self.items.appendleft(item)
                raise

        self.pop = pop

    def put_back(self, items: Sequence[Item]) -> None:
        """These were not handled after all: they are the next again."""
        self.items.extendleft(reversed(items))

    def drain(self) -> list[Item]:
        """Close, and give everything that waits here."""
        self.close()
        return self.withdraw(len(self.items))

    def withdraw(self, count: int) -> list[Item]:
        """The next, up to so many, which nobody is to read; beside a thread that still takes."""
        items: list[Item] = []
        with suppress(IndexError):
            while len(items) < count:
                items.append(self.items.popleft())
        return items

    async def wait(self) -> None:
        """Until there is a message, a nudge, or the end."""
        if self.items or self.closed:
            return
        self.in_hand = None
        self._reader = reader = asyncio.get_running_loop().create_future()
        try:
            await reader
        finally:
            self._reader = None

    async def pause(self, until: float) -> bool:
        """Until this time of the loop, whatever comes meanwhile, or the end; whether it is the end."""
        if not self.closed:
            self._sleeper = asyncio.get_running_loop().create_future()
            try:
                async with asyncio.timeout_at(until):
                    await self._sleeper
            except TimeoutError:
                return self.closed
            finally:
                self._sleeper = None
        return True

    def close(self) -> None:
        """End the reader; what waits here is handled no more."""
        self.closed = True
        if self._reader is not None:
            self._wake()
        if self._sleeper is not None and not self._sleeper.done():
            self._sleeper.set_result(None)

    def nudge(self) -> None:
        """Let a waiting reader look around."""
        self._wake()

    def _wake(self) -> None:
        reader, self._reader = self._reader, None
        if reader is not None and not reader.done():
            reader.set_result(None)
