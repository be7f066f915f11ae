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
    """The rows of one call, and who waits for them."""

    __slots__ = ("receipt", "rows", "waiter")

    def __init__(self, rows: list[Outgoing], receipt: Receipt, waiter: asyncio.Future[bool]) -> None:
        self.rows = rows
        self.receipt = receipt
        self.waiter = waiter


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
        entry = _Entry(rows, self._publisher.open(rows), asyncio.Future(loop=self._loop))
        self._entries.append(entry)
        self._accepted()
        try:
            return entry.receipt if await entry.waiter else None
        except asyncio.CancelledError as cancelled:
            if entry.receipt.commit:
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
            commit = self._publisher.admit(
                [row for entry in entries for row in entry.rows],
                len(entries) == 1,
                lambda first: _number(entries, first),
            )
        except HoldfastError as error:
            self._commits.tell(waiters, error)
            return True
        if commit is None:
            return False
        for entry in entries:
            entry.receipt.commit = commit
        self._commits.wake_at(commit, waiters)
        return True


def _number(entries: list[_Entry], first: int) -> None:
    for entry in entries:
        entry.receipt.id = first
        first += len(entry.rows)
