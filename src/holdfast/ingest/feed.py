"""What an ingest reads: messages as they come, each acknowledged when its end is told."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from holdfast.client import Client
from holdfast.client.inbox import Item
from holdfast.client.subscription import Subscription
from holdfast.handling import HandlerOptions, patterns_of


def feed_of(client: Client, filters: Sequence[str], options: HandlerOptions) -> Feed:
    """What comes to this client by these filters."""
    limit = client._setup.limits.qos0_inbox
    feed = Feed(client._running, patterns_of(tuple(filters)), options, limit)
    client._reads(feed)
    return feed


class Feed(Subscription):
    """A subscription whose messages end in the order in which they were taken, some at a time.

    Its reader is never idle: what waits here waits for a database.
    """

    def stale(self) -> list[Item]:
        """Nothing, ever."""
        return []

    @property
    def closed(self) -> bool:
        """Whether the client stops: nothing more is to be taken."""
        return self.consumer.inbox.closed

    def take(self, most: int) -> list[Item]:
        """What is there, up to so many."""
        inbox = self.consumer.inbox
        if inbox.closed:
            return []
        pop = inbox.pop
        items = [pop() for _ in range(min(most, len(inbox.items)))]
        self._hand += items
        return items

    def finish(self, count: int) -> None:
        """The oldest of those taken have ended, so many."""
        ended, self._hand = self._hand[:count], self._hand[count:]
        for item in ended:
            self._finish(item)

    def nudge(self) -> None:
        """Let ``wait`` return."""
        self.consumer.inbox.nudge()

    async def wait(self, timeout_s: float | None) -> None:
        """Until a message, a nudge, or the end; so long at most. Raises SubscribeRefused, Stopped."""
        failure = self._owner.failure(self.consumer.filters)
        if failure is not None and not self.closed:
            raise failure
        try:
            async with asyncio.timeout(timeout_s):
                await self.consumer.inbox.wait()
        except TimeoutError:
            return
