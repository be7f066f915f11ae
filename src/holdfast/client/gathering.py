"""What the tasks of one turn publish is handed over to an outbox file together.

Each of them waits for a commit anyway, and the commit is shared by all that is there when it begins. So
nothing is lost by numbering, counting and locking once per turn instead of once per message, and a busy
program has that much more time. In memory there is nothing to wait for, and messages are taken one by one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from holdfast.client.commits import Commits
from holdfast.client.publisher import Publisher
from holdfast.client.receipt import Receipt
from holdfast.errors import HoldfastError
from holdfast.messages import Outgoing


class _Entry:
    """The rows of one call, who waits for them, and their receipt once they were handed over."""

    __slots__ = ("receipt", "rows", "waiter")

    def __init__(self, rows: list[Outgoing], waiter: asyncio.Future[bool]) -> None:
        self.rows = rows
        self.waiter = waiter
        self.receipt: Receipt | None = None


class Gathering:
    """Calls of one turn, in their order; everything here happens on the client's loop."""

    def __init__(self, publisher: Publisher, commits: Commits, accepted: Callable[[], None]) -> None:
        """``accepted`` is told of each call, and sees to it that ``hand_over`` follows in this turn."""
        self._loop = asyncio.get_running_loop()
        self._publisher = publisher
        self._commits = commits
        self._accepted = accepted
        self._entries: list[_Entry] = []

    async def publish(self, rows: list[Outgoing]) -> Receipt | None:
        """Accept these, of QoS 1 or 2: they are committed when this returns. None: there is no room.

        Cancelled before they were handed over: not accepted; after that the CancelledError carries
        ``.receipt`` (contract 11). Raises OutboxError, Stopped.
        """
        if self._publisher.stopped is not None:
            raise self._publisher.refusal()
        entry = _Entry(rows, asyncio.Future(loop=self._loop))
        self._entries.append(entry)
        self._accepted()
        try:
            return entry.receipt if await entry.waiter else None
        except asyncio.CancelledError as cancelled:
            if entry.receipt is not None:
                cancelled.receipt = entry.receipt  # type: ignore[attr-defined]
            raise

    def hand_over(self) -> int:
        """Give the outbox what was gathered and not cancelled since; gives how many calls that was."""
        gathered, self._entries = self._entries, []
        entries = [entry for entry in gathered if not entry.waiter.done()]
        if entries and not self._admit(entries):
            for entry in entries:  # not all of them: those that fit
                if not self._admit([entry]):
                    entry.waiter.set_result(False)
        return len(entries)

    def _admit(self, entries: list[_Entry]) -> bool:
        """Whether there was room for all of these."""
        waiters = [entry.waiter for entry in entries]
        try:
            receipts = self._publisher.take_all([entry.rows for entry in entries])
        except HoldfastError as error:
            self._commits.tell(waiters, error)
            return True
        if receipts is None:
            return False
        for entry, receipt in zip(entries, receipts, strict=True):
            entry.receipt = receipt
        self._commits.wake_at(receipts[0].commit, waiters)
        return True
