"""A receipt: the ticket for one accepted message, or for a group."""

from __future__ import annotations

import asyncio
import contextlib
from time import monotonic
from typing import TYPE_CHECKING

from holdfast.client.page import STATES, Page, State
from holdfast.client.waiting import check_time
from holdfast.errors import Stopped, Timeout

if TYPE_CHECKING:
    from holdfast.client.receipts import Receipts


class Receipt:
    """A ticket for one accepted message, or for a group; dropping it costs and hides nothing.

    ``id`` is the outbox sequence number (of the group's first message). ``maybe_duplicate`` is
    True when a QoS 2 message was sent again to a broker that had forgotten the session. ``commit`` is
    the number of the outbox commit it is in.
    """

    __slots__ = ("__weakref__", "_book", "_page", "_place", "commit")

    def __init__(self, book: Receipts, page: Page, place: int) -> None:
        self._book = book
        self._page = page
        self._place = place
        self.commit = 0

    def __repr__(self) -> str:
        return f"Receipt(id={self.id}, state={self.state!r})"

    @property
    def id(self) -> int:
        """The outbox sequence number."""
        return self._page.first + self._place

    @property
    def maybe_duplicate(self) -> bool:
        """Whether it may have arrived twice."""
        return self._place in self._page.uncertain

    @property
    def state(self) -> State:
        """Where the message is; "submitted" until it is durable in an outbox file."""
        state = self._result()
        if state == "pending" and self.commit > self._book.durable():
            return "submitted"
        return state

    async def accepted(self, timeout_s: float | None = None) -> None:
        """Return once the message is kept: at once in memory, after the commit in a file.

        Raises Timeout (it is still on its way), OutboxError, Stopped.
        """
        if self.commit > self._book.durable():
            check_time(timeout_s)
            try:
                async with asyncio.timeout(timeout_s):
                    await self._book.kept(self.commit)
            except TimeoutError:
                raise Timeout(f"message {self.id} was not committed in {timeout_s} s") from None

    async def acknowledged(self, timeout_s: float | None = None) -> None:
        """Wait for PUBACK or PUBCOMP (QoS 0: until handed whole to the transport).

        Cancelling the wait leaves the message alone. Raises PublishRefused, Expired, Dropped, KillsLink
        (all PublishFailed; a TooLarge is its cause), Timeout (still pending), Stopped.
        """
        book, seq, run = self._book, self._open(), self._book.run
        deadline = None if timeout_s is None else monotonic() + timeout_s
        while seq is not None:  # of a group, one after the other; here, as one more coroutine costs a third
            if book.stopped or book.run != run:
                raise self._stopped()
            check_time(timeout_s)
            waiter: asyncio.Future[None] = asyncio.Future(loop=asyncio.get_running_loop())
            book.await_end(seq, waiter)
            try:
                if self._open() != seq or book.run != run:  # meanwhile, on its own thread
                    pass
                elif deadline is None:
                    await waiter
                elif not await _in_time(waiter, deadline - monotonic()):
                    self._check_late(timeout_s)
            finally:
                if seq in book.waited_for:
                    book.forget(seq, waiter)
            seq = self._open()
        self._check_result()

    def _block_accepted(self, timeout_s: float | None) -> None:
        """As ``accepted``, on a thread."""
        if self.commit > self._book.durable():
            check_time(timeout_s)
            if not self._book.block_kept(self.commit, timeout_s):
                raise Timeout(f"message {self.id} was not committed in {timeout_s} s")

    def _block_acknowledged(self, timeout_s: float | None) -> None:
        """As ``acknowledged``, on a thread."""
        from holdfast.client.blocking import Once

        book, seq, run = self._book, self._open(), self._book.run
        deadline = None if timeout_s is None else monotonic() + timeout_s
        while seq is not None:
            if book.stopped or book.run != run:
                raise self._stopped()
            check_time(timeout_s)
            waiter, left = Once(), deadline if deadline is None else deadline - monotonic()
            book.await_end(seq, waiter)
            try:
                if self._open() == seq and book.run == run and not waiter.wait(left):
                    self._check_late(timeout_s)
            finally:
                book.forget(seq, waiter)
            seq = self._open()
        self._check_result()

    def _check_late(self, timeout_s: float | None) -> None:
        if self._open() is not None:
            raise Timeout(f"message {self.id} was not acknowledged in {timeout_s} s; it is still pending")

    def _stopped(self) -> Stopped:
        """Woken by the end of a run, or too late for it, whether or not the client runs again by now."""
        return Stopped(f"the client stopped before message {self.id} was acknowledged")

    # -- what its page says --------------------------------------------------------------------

    def _open(self) -> int | None:
        """The number of its message, if that has not ended: of a group, of the last such one."""
        return None if self._page.states[self._place] else self._page.first + self._place

    def _result(self) -> State:
        return STATES[self._page.states[self._place]]

    def _check_result(self) -> None:
        """Raises the error it ended with: a new one each time, as one that was raised keeps its way here."""
        failure = self._page.failures.get(self._place)
        if failure is not None:
            error = failure()
            error.errors = ((0, error),)
            raise error


async def _in_time(waiter: asyncio.Future[None], timeout_s: float) -> bool:
    """Whether it was told before the time was up."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(timeout_s):
            await waiter
            return True
    return False
