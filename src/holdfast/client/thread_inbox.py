"""An inbox whose reader is a thread: filled on the client's loop, emptied anywhere."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic

from holdfast.client.blocking import Bell
from holdfast.client.inbox import Inbox, Item


class ThreadInbox(Inbox):
    """As ``Inbox``, for one thread at a time."""

    def __init__(self, qos0_limit: int) -> None:
        super().__init__(qos0_limit)
        self._bell = Bell()

    def put(self, item: Item) -> bool:
        """As ``Inbox.put``; on the loop."""
        if not super().put(item):
            return False
        self._bell.ring()
        return True

    def _wake(self) -> None:
        self._bell.ring()

    def close(self) -> None:
        """End the reader; what waits here is handled no more."""
        self.closed = True
        self._bell.ring()

    def pop_now(self) -> Item | None:
        """The next message, if there is one."""
        try:
            self.in_hand = self.pop()
        except IndexError:
            self.in_hand = None
        return self.in_hand

    def sleep(self, idle: Callable[[], bool], timeout_s: float | None = None) -> None:
        """Sleep until there may be something: a message, a nudge, the end; not at all unless ``idle``.

        ``idle`` looks at what else may end the wait.
        """
        self._bell.sleep(lambda: not self.items and not self.closed and idle(), timeout_s)

    def rest(self, until: float) -> bool:
        """Sleep until this time, whatever comes meanwhile, or the end; whether it is the end."""
        while not self.closed and (left := until - monotonic()) > 0:
            self._bell.sleep(lambda: not self.closed, left)
        return self.closed

    def take(self) -> Item | None:
        """The next message; waits for it. None: it was closed."""
        while not self.closed:
            item = self.pop_now()
            if item is not None:
                return item
            self.sleep(_idle)
        return None


def _idle() -> bool:
    """Nothing else ends the wait."""
    return True
