"""Receipts: tickets for accepted messages, held weakly until the message has ended."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from threading import Lock
from typing import TYPE_CHECKING, Literal, TypeAlias
from weakref import ref

from holdfast.client.failures import publish_failed, unsent
from holdfast.client.mailbox import Mailbox
from holdfast.errors import HoldfastError, PublishFailed, Stopped, Timeout
from holdfast.messages import Outgoing
from holdfast.protocol import Failed

if TYPE_CHECKING:
    from holdfast.client.blocking import Once

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

        Cancelling the wait leaves the message alone. Raises PublishRefused, Expired, Dropped
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

    def block_acknowledged(self, timeout_s: float | None) -> None:
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

    def block_accepted(self, timeout_s: float | None) -> None:
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


def _at_once() -> int:
    """In memory there is no commit to wait for."""
    return 0


async def _never(_commit: int) -> None:
    raise Stopped("the client was never started")


def _block_never(_commit: int, _timeout_s: float | None) -> bool:
    raise Stopped("the client was never started")


class Receipts:
    """Hands out receipts and tells them how their messages end.

    A row carries a weak reference to its receipt, so a receipt that nobody holds is gone at once.
    ``durable`` gives the newest commit of the outbox, ``kept`` waits for one, ``block_kept`` on a thread:
    so long at most, False when it has not happened by then.
    """

    def __init__(self, durable: Callable[[], int] = _at_once) -> None:
        self.durable = durable
        self.kept: Callable[[int], Awaitable[None]] = _never
        self.block_kept: Callable[[int, float | None], bool] = _block_never
        self.stopped = False
        self.waited_for: set[Receipt] = set()
        self.lock = Lock()  # guards who waits for receipts, and the counts of groups
        self._here: Mailbox | None = None

    def open(self, first: int, rows: Sequence[Outgoing]) -> Receipt:
        """One receipt for these rows, which are about to be accepted under the numbers from ``first`` on."""
        receipt = Receipt(self, first, len(rows))
        ticket = ref(receipt)
        for row in rows:
            row.ticket = ticket
        return receipt

    def settle(self, rows: Sequence[Outgoing], state: State, why: str = "") -> None:
        """These messages ended, all in the same way; where they were given up: ``why``."""
        if state not in ("acknowledged", "sent"):
            for row in rows:
                self._give_up(row, state, unsent(row.seq, state, why))
            return
        ticket, count = None, 0
        for row in rows:  # the rows of a group follow each other: told once
            if row.ticket is not ticket:
                if ticket is not None:
                    _settle(ticket(), count, state)
                ticket, count = row.ticket, 0
            count += 1
        if ticket is not None:
            _settle(ticket(), count, state)

    def _give_up(self, row: Outgoing, state: State, error: PublishFailed) -> None:
        receipt = row.ticket() if row.ticket is not None else None
        if receipt is not None:
            receipt._note(error, row.seq - receipt.id)
            receipt._settle(1, state)

    def fail(self, record: Failed) -> PublishFailed:
        """This message was refused; gives the error, for events and the log."""
        error = publish_failed(record)
        self._give_up(record.row, "failed", error)
        return error

    def uncertain(self, rows: Sequence[Outgoing]) -> None:
        """These QoS 2 messages are sent again after the session was lost (contract 6)."""
        for row in rows:
            receipt = row.ticket() if row.ticket is not None else None
            if receipt is not None:
                receipt.maybe_duplicate = True

    def stop(self) -> None:
        """The client ends: whoever still waits is told."""
        self.stopped = True
        with self.lock:
            waited_for = list(self.waited_for)
        for receipt in waited_for:
            receipt._wake()

    def start(self, here: Mailbox | None = None) -> None:
        """The client runs (again): what is pending may be waited for, on ``here`` above all."""
        self.stopped = False
        self._here = here

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


def _settle(receipt: Receipt | None, count: int, state: State) -> None:
    if receipt is not None:
        receipt._settle(count, state)


def _set(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)


async def _in_time(waiter: asyncio.Future[None], timeout_s: float) -> bool:
    """Whether it was told before the time was up."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(timeout_s):
            await waiter
            return True
    return False


def _index(entry: tuple[int, HoldfastError]) -> int:
    return entry[0]
