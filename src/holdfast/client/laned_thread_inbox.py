"""As ``client.laned_inbox``, for readers that are threads."""

from __future__ import annotations

from collections.abc import Hashable
from threading import Condition
from time import monotonic

from holdfast.client.inbox import Item
from holdfast.client.laned_inbox import LanedInbox
from holdfast.handling import KeyOf
from holdfast.handling.lanes import Ticket


class LanedThreadInbox(LanedInbox):
    """Filled on the client's loop, emptied by any number of threads."""

    def __init__(self, qos0_limit: int, keys: tuple[KeyOf, ...]) -> None:
        super().__init__(qos0_limit, keys)
        self._news = Condition()  # guards the lanes

    def _enter(self, key: object, item: Item) -> None:
        with self._news:
            super()._enter(key, item)

    def lane(self, key: Hashable) -> list[Item]:
        """As ``Inbox.lane``; on the loop."""
        with self._news:
            return super().lane(key)

    def _wake(self) -> None:
        self._news.notify()

    def take_next(self) -> Ticket[Item] | None:
        """The next message that may be handled; waits for it. None: it was closed."""
        with self._news:
            while not self.closed:
                self._lanes.ripen(monotonic())
                ticket = self.take()
                if ticket is not None:
                    return ticket
                due = self._lanes.due
                self._news.wait(None if due is None else max(0.0, due - monotonic()))
        return None

    def done(self, ticket: Ticket[Item]) -> None:
        """It has ended."""
        with self._news:
            super().done(ticket)

    def put_off(self, ticket: Ticket[Item], at: float) -> None:
        """It is the next of its key, from this time on; who puts it off comes back for more, and sees it."""
        with self._news:
            self._lanes.delay(ticket, at)

    def close(self) -> None:
        """End the readers."""
        with self._news:
            self.closed = True
            self._news.notify_all()

    def drain(self) -> list[Item]:
        """As ``Inbox.drain``."""
        with self._news:
            return super().drain()
