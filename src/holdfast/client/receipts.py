"""The book of receipts: it hands them out, hears how messages end, and wakes who waits for that."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import Awaitable, Callable, Collection, Sequence
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING, TypeAlias

from holdfast.client.failures import publish_failed, unsent
from holdfast.client.group import Group
from holdfast.client.page import CODES, SIZE, Pages, State
from holdfast.client.receipt import Receipt
from holdfast.errors import HoldfastError, PublishFailed, Stopped
from holdfast.messages import Outgoing
from holdfast.protocol import Failed

if TYPE_CHECKING:
    from holdfast.client.blocking import Once
    from holdfast.client.mailbox import Mailbox

NEVER = sys.maxsize
"""After every number."""

Waiter: TypeAlias = "asyncio.Future[None] | Once"


def _refusing(error: HoldfastError) -> Callable[[int], Awaitable[None]]:
    async def kept(_commit: int) -> None:
        raise error

    return kept


def _block_refusing(error: HoldfastError) -> Callable[[int, float | None], bool]:
    def kept(_commit: int, _timeout_s: float | None) -> bool:
        raise error

    return kept


class Receipts:
    """Hands out receipts and tells them how their messages end.

    ``durable`` gives the newest commit of the outbox, ``kept`` waits for one, ``block_kept`` on a thread:
    so long at most, False when it has not happened by then. ``pages`` may be those of an earlier book.
    """

    def __init__(self, durable: Callable[[], int] = lambda: 0, pages: Pages | None = None) -> None:
        self.durable = durable
        self.pages = Pages() if pages is None else pages
        never = Stopped("the client was never started")
        self.kept: Callable[[int], Awaitable[None]] = _refusing(never)
        self.block_kept: Callable[[int, float | None], bool] = _block_refusing(never)
        self.run = 0  # rises with the end of each
        self.stopped = False
        self.waited_for: dict[int, list[Waiter]] = {}
        self._soonest = NEVER  # nobody waits for a message before this one
        self._lock = Lock()  # guards who waits
        self._here: Mailbox | None = None

    def open(self, first: int, rows: Sequence[Outgoing]) -> Receipt:
        """One receipt for these rows, which are about to be accepted under the numbers from ``first`` on.

        One call at a time.
        """
        page = self.pages.newest
        place = first - page.first
        if not 0 <= place < SIZE:
            page, place = self.pages.at(first), first % SIZE
        if len(rows) == 1:
            return Receipt(self, page, place)
        pages, end = [page], first + len(rows)
        while page.first + SIZE < end:
            page = self.pages.at(page.first + SIZE)
            pages.append(page)
        return Group(self, pages, place, len(rows))

    # -- endings -------------------------------------------------------------------------------

    def settle(self, rows: Sequence[Outgoing], state: State, why: str = "") -> None:
        """These messages ended, all in the same way; where they were given up: ``why``."""
        if state not in ("acknowledged", "sent"):
            for row in rows:
                self._fail(row.seq, state, partial(unsent, row.seq, state, why))
        elif len(rows) == 1:
            self._end_one(rows[0].seq, state)
        elif rows:
            self._end(rows, state)

    def _end_one(self, seq: int, state: State) -> None:
        page = self.pages.find(seq)
        if page is not None:
            page.states[seq % SIZE] = CODES[state]
            if seq in self.waited_for:
                self._wake((seq,))

    def _end(self, rows: Sequence[Outgoing], state: State) -> None:
        seqs = [row.seq for row in rows]
        seqs.sort()  # they are in order, or nearly so: the cheapest way to see whether there are gaps
        first, end = seqs[0], seqs[-1] + 1
        gapless = end - first == len(seqs)
        if gapless:
            self.pages.mark(first, end, state)
        else:
            self.pages.mark_each(seqs, state)
        if end > self._soonest:
            self._wake(range(first, end) if gapless else set(seqs))

    def _fail(self, seq: int, state: State, failure: Callable[[], PublishFailed]) -> None:
        page = self.pages.find(seq)
        if page is not None:
            page.failures[seq % SIZE] = failure
            self._end_one(seq, state)

    def fail(self, record: Failed) -> PublishFailed:
        """This message was refused; gives the error, for events and the log."""
        failure = publish_failed(record)
        self._fail(record.row.seq, "failed", failure)
        return failure()

    def uncertain(self, rows: Sequence[Outgoing]) -> None:
        """These QoS 2 messages are sent again after the session was lost (contract 6)."""
        for row in rows:
            page = self.pages.find(row.seq)
            if page is not None:
                page.uncertain |= {row.seq % SIZE}

    # -- who waits -----------------------------------------------------------------------------

    def await_end(self, seq: int, waiter: Waiter) -> None:
        """Wake this one when the message has ended, or the client stops."""
        with self._lock:
            self.waited_for.setdefault(seq, []).append(waiter)
            if seq < self._soonest:
                self._soonest = seq

    def forget(self, seq: int, waiter: Waiter) -> None:
        """This one waits no more."""
        with self._lock:
            waiters = self.waited_for.get(seq, [])
            if waiter in waiters:
                waiters.remove(waiter)
                if not waiters:
                    del self.waited_for[seq]
                    self._look()

    def _wake(self, ended: Collection[int]) -> None:
        with self._lock:
            waited_for = self.waited_for
            if len(waited_for) < len(ended):
                ended = [seq for seq in waited_for if seq in ended]
            woken = [waiter for seq in ended for waiter in waited_for.pop(seq, ())]
            self._look()
        for waiter in woken:
            self.wake(waiter)

    def _look(self) -> None:
        if not self.waited_for:
            self._soonest = NEVER

    def wake(self, waiter: Waiter) -> None:
        """End this wait, on whichever thread it is: those on the client's loop in batches."""
        if not isinstance(waiter, asyncio.Future):
            waiter.wake()
            return
        loop = waiter.get_loop()
        if loop is asyncio.get_running_loop():
            _set(waiter)
        elif self._here is not None and self._here.loop is loop:
            self._here.post(_set, waiter)
        else:
            with contextlib.suppress(RuntimeError):  # that loop is closed: nobody waits there any more
                loop.call_soon_threadsafe(_set, waiter)

    # -- runs of the client --------------------------------------------------------------------

    def start(self, here: Mailbox | None = None) -> None:
        """The client runs (again): what is pending may be waited for, on ``here`` above all."""
        self.stopped = False
        self._here = here

    def stop(self) -> None:
        """The client ends: whoever still waits is told."""
        self.stopped = True
        self.run += 1
        with self._lock:
            waited_for, self.waited_for = self.waited_for, {}
            self._look()
        for waiters in waited_for.values():
            for waiter in waiters:
                self.wake(waiter)

    def forsake(self) -> None:
        """As ``stop``, where the client's loop was closed under it: threads are told, on any other."""
        self.stopped = True
        self.run += 1
        with self._lock:
            waited_for, self.waited_for = self.waited_for, {}
        for waiter in [waiter for waiters in waited_for.values() for waiter in waiters]:
            if not isinstance(waiter, asyncio.Future):
                waiter.wake()

    def give_up(self, error: HoldfastError) -> None:
        """The outbox ended without the commits that these receipts may wait for."""
        durable = self.durable()
        self.durable = lambda: durable
        self.kept, self.block_kept = _refusing(error), _block_refusing(error)


def _set(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)
