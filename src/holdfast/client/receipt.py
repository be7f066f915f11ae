"""A receipt: the ticket for one accepted message, or for a group."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable
from time import monotonic
from typing import TYPE_CHECKING

from holdfast.client.page import STATES, Page, State
from holdfast.errors import PublishFailed, Stopped, Timeout

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
        if self._open() is not None:
            in_time = True
            if timeout_s is None:
                await self._ended()
            else:
                in_time = await _in_time(self._ended(), timeout_s)
            self._check_end(in_time, timeout_s)
        self._check_result()

    def _block_accepted(self, timeout_s: float | None) -> None:
        """As ``accepted``, on a thread."""
        if self.commit > self._book.durable() and not self._book.block_kept(self.commit, timeout_s):
            raise Timeout(f"message {self.id} was not committed in {timeout_s} s")

    def _block_acknowledged(self, timeout_s: float | None) -> None:
        """As ``acknowledged``, on a thread."""
        if self._open() is not None:
            self._check_end(self._block_ended(timeout_s), timeout_s)
        self._check_result()

    # -- waiting: for one message after the other, as a group may have several -----------------

    async def _ended(self) -> None:
        """Return once it has ended, or the client was stopped."""
        book, run = self._book, self._book.run
        while (seq := self._awaited(run)) is not None:
            waiter: asyncio.Future[None] = asyncio.Future(loop=asyncio.get_running_loop())
            book.await_end(seq, waiter)
            try:
                if self._awaited(run) == seq:  # it may have ended on its own thread meanwhile
                    await waiter
            finally:
                book.forget(seq, waiter)

    def _block_ended(self, timeout_s: float | None) -> bool:
        """As ``_ended``, on a thread; False when time ran out."""
        from holdfast.client.blocking import Once

        book, run = self._book, self._book.run
        deadline = None if timeout_s is None else monotonic() + timeout_s
        while (seq := self._awaited(run)) is not None:
            waiter = Once()
            book.await_end(seq, waiter)
            try:
                left = None if deadline is None else deadline - monotonic()
                if self._awaited(run) == seq and not waiter.wait(left):
                    return False
            finally:
                book.forget(seq, waiter)
        return True

    def _awaited(self, run: int) -> int | None:
        """The number of a message that may yet end in this run of the client; None: wait no more."""
        book = self._book
        return None if book.stopped or book.run != run else self._open()

    def _check_end(self, in_time: bool, timeout_s: float | None) -> None:
        if self._open() is None:
            return
        if in_time:  # woken by the end of a run, whether or not the client runs again by now
            raise Stopped(f"the client stopped before message {self.id} was acknowledged")
        raise Timeout(f"message {self.id} was not acknowledged in {timeout_s} s; it is still pending")

    def _check_result(self) -> None:
        failure = self._failure()
        if failure is not None:
            raise failure

    # -- what its page says --------------------------------------------------------------------

    def _open(self) -> int | None:
        """The number of its message, if that has not ended: of a group, of the last such one."""
        return None if self._page.states[self._place] else self._page.first + self._place

    def _result(self) -> State:
        return STATES[self._page.states[self._place]]

    def _failure(self) -> PublishFailed | None:
        """The error it ended with: a new one each time, as one that was raised keeps what it came through."""
        failure = self._page.failures.get(self._place)
        if failure is None:
            return None
        error = failure()
        error.errors = ((0, error),)
        return error


async def _in_time(ended: Awaitable[None], timeout_s: float) -> bool:
    """Whether it was told before the time was up."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(timeout_s):
            await ended
            return True
    return False
