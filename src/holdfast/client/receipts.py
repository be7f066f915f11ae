"""The book of receipts, which are held weakly until their messages have ended."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from threading import Lock
from weakref import ref

from holdfast.client.failures import publish_failed, unsent
from holdfast.client.mailbox import Mailbox
from holdfast.client.receipt import Receipt, State, Waiter
from holdfast.errors import HoldfastError, PublishFailed, Stopped
from holdfast.messages import Outgoing
from holdfast.protocol import Failed


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

    A row carries a weak reference to its receipt, so a receipt that nobody holds is gone at once.
    ``durable`` gives the newest commit of the outbox, ``kept`` waits for one, ``block_kept`` on a thread:
    so long at most, False when it has not happened by then.
    """

    def __init__(self, durable: Callable[[], int] = lambda: 0) -> None:
        self.durable = durable
        never = Stopped("the client was never started")
        self.kept: Callable[[int], Awaitable[None]] = _refusing(never)
        self.block_kept: Callable[[int, float | None], bool] = _block_refusing(never)
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

    def give_up(self, error: HoldfastError) -> None:
        """The outbox ended without the commits that these receipts may wait for."""
        durable = self.durable()
        self.durable = lambda: durable
        self.kept, self.block_kept = _refusing(error), _block_refusing(error)

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
