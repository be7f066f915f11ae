"""A receipt: the ticket for one accepted message, or for a group."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Literal, TypeAlias

from holdfast.errors import HoldfastError, PublishFailed, Stopped, Timeout

if TYPE_CHECKING:
    from holdfast.client.blocking import Once
    from holdfast.client.receipts import Receipts

Waiter: TypeAlias = "asyncio.Future[None] | Once"

State = Literal["submitted", "pending", "acknowledged", "sent", "failed", "expired", "dropped"]


class Receipt:
    """A ticket for one accepted message, or for a group; dropping it costs and hides nothing.

    ``id`` is the outbox sequence number (of the group's first message). ``maybe_duplicate`` is
    True when a QoS 2 message was sent again to a broker that had forgotten the session. ``commit`` is
    the number of the outbox commit it is in.
    """

    __slots__ = (
        "__weakref__",
        "_book",
        "_count",
        "_failures",
        "_left",
        "_state",
        "_waiters",
        "commit",
        "id",
        "maybe_duplicate",
    )

    def __init__(self, book: Receipts, id: int, count: int = 1) -> None:
        self.id = id
        self._state: State = "pending" if count else "acknowledged"
        self.commit = 0
        self.maybe_duplicate = False
        self._book = book
        self._count = self._left = count
        self._failures: list[tuple[int, PublishFailed]] | None = None
        self._waiters: list[Waiter] | None = None

    def __repr__(self) -> str:
        return f"Receipt(id={self.id}, state={self.state!r})"

    @property
    def state(self) -> State:
        """Where the message is; "submitted" until it is durable in an outbox file."""
        if self._state == "pending" and self.commit > self._book.durable():
            return "submitted"
        return self._state

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
        in_time = True
        if self._is_open():
            waiter: asyncio.Future[None] = asyncio.Future(loop=asyncio.get_running_loop())
            self._await(waiter)
            try:
                if not self._is_open():  # it may have ended on its own thread meanwhile
                    pass
                elif timeout_s is None:
                    await waiter
                else:
                    in_time = await _in_time(waiter, timeout_s)
            finally:
                if self._waiters is not None:  # given up: nothing is left behind
                    self._forget(waiter)
        self._check(in_time, timeout_s)

    def _block_acknowledged(self, timeout_s: float | None) -> None:
        """As ``acknowledged``, on a thread."""
        in_time = True
        if self._is_open():
            from holdfast.client.blocking import Once

            waiter = Once()
            self._await(waiter)
            try:
                in_time = not self._is_open() or waiter.wait(timeout_s)
            finally:
                self._forget(waiter)
        self._check(in_time, timeout_s)

    def _block_accepted(self, timeout_s: float | None) -> None:
        """As ``accepted``, on a thread."""
        if self.commit > self._book.durable() and not self._book.block_kept(self.commit, timeout_s):
            raise Timeout(f"message {self.id} was not committed in {timeout_s} s")

    def _is_open(self) -> bool:
        return bool(self._left) and not self._book.stopped

    def _check(self, in_time: bool, timeout_s: float | None) -> None:
        if self._left or self._failures is not None:
            raise self._complaint(in_time, timeout_s)

    def _await(self, waiter: Waiter) -> None:
        with self._book.lock:
            if self._waiters is None:
                self._waiters = [waiter]
                self._book.waited_for.add(self)
            else:
                self._waiters.append(waiter)

    def _forget(self, waiter: Waiter) -> None:
        with self._book.lock:
            waiters = self._waiters
            if waiters is not None and waiter in waiters:
                waiters.remove(waiter)
                if not waiters:
                    self._waiters = None
                    self._book.waited_for.discard(self)

    def _complaint(self, in_time: bool, timeout_s: float | None) -> HoldfastError:
        if not self._left and self._failures is not None:
            if self._count == 1:
                return self._failures[0][1]
            return PublishFailed.of_group(sorted(self._failures, key=_index))
        if in_time:  # woken by the end of a run, whether or not the client runs again by now
            return Stopped(f"the client stopped before message {self.id} was acknowledged")
        return Timeout(f"message {self.id} was not acknowledged in {timeout_s} s; it is still pending")

    # -- what the client tells it, on the engine's thread or its own -------------------------

    def _settle(self, count: int, state: State) -> None:
        if self._count == 1:
            self._left = 0
        else:
            with self._book.lock:  # messages of a group may end on both
                self._left -= count
        if not self._left:
            self._state = state if self._failures is None or self._count == 1 else "failed"
            if self._waiters is not None:
                self._wake()

    def _note(self, error: PublishFailed, index: int) -> None:
        if self._count == 1:
            error.errors = ((0, error),)
        with self._book.lock:
            self._failures = self._failures or []
            self._failures.append((index, error))

    def _wake(self) -> None:
        with self._book.lock:
            waiters, self._waiters = self._waiters or (), None
            self._book.waited_for.discard(self)
        for waiter in waiters:
            self._book.wake(waiter)


async def _in_time(waiter: asyncio.Future[None], timeout_s: float) -> bool:
    """Whether it was told before the time was up."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(timeout_s):
            await waiter
            return True
    return False


def _index(entry: tuple[int, HoldfastError]) -> int:
    return entry[0]
