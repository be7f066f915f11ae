"""Receipts: tickets for accepted messages, held weakly until the message has ended."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from typing import Literal
from weakref import ref

from holdfast.client.failures import publish_refused, unsent
from holdfast.errors import HoldfastError, PublishFailed, PublishRefused, Stopped, Timeout
from holdfast.protocol import Failed

State = Literal["submitted", "pending", "acknowledged", "sent", "failed", "expired", "dropped"]


class Receipt:
    """A ticket for one accepted message, or for a group; dropping it costs and hides nothing.

    ``id`` is the outbox sequence number (of the group's first message). ``maybe_duplicate`` is
    True when a QoS 2 message was sent again to a broker that had forgotten the session.
    """

    __slots__ = (
        "__weakref__",
        "_count",
        "_error",
        "_failures",
        "_left",
        "_stopped",
        "_waiters",
        "id",
        "maybe_duplicate",
        "state",
    )

    def __init__(self, id: int, count: int = 1) -> None:
        self.id = id
        self.state: State = "pending"
        self.maybe_duplicate = False
        self._count = count
        self._left = count
        self._error: PublishFailed | None = None
        self._failures: list[tuple[int, HoldfastError]] | None = None
        self._waiters: list[asyncio.Future[None]] | None = None
        self._stopped = False

    def __repr__(self) -> str:
        return f"Receipt(id={self.id}, state={self.state!r})"

    async def accepted(self, timeout_s: float | None = None) -> None:
        """Return once the message is in the outbox: in memory, at once."""

    async def acknowledged(self, timeout_s: float | None = None) -> None:
        """Wait for PUBACK or PUBCOMP (QoS 0: until handed whole to the transport).

        Cancelling the wait leaves the message alone. Raises PublishRefused, Expired, Dropped
        (all PublishFailed; a TooLarge is its cause), Timeout (still pending), Stopped.
        """
        if self._left and not self._stopped:
            await self._wait(timeout_s)
        if self._error is not None and not self._left:
            raise self._error
        if self._left and self._stopped:
            raise Stopped(f"the client stopped before message {self.id} was acknowledged")
        if self._left:
            raise Timeout(f"message {self.id} was not acknowledged in {timeout_s} s; it is still pending")

    async def _wait(self, timeout_s: float | None) -> None:
        waiter = self._register()
        if not self._left or self._stopped:
            return  # it ended on its own thread between the look and the wait
        try:
            await (waiter if timeout_s is None else _in_time(waiter, timeout_s))
        finally:
            if self._waiters and waiter in self._waiters:  # given up: nothing is left behind
                self._waiters.remove(waiter)

    def _register(self) -> asyncio.Future[None]:
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if self._waiters is None:
            self._waiters = [waiter]
        else:
            self._waiters.append(waiter)
        return waiter

    def _settle(self, count: int, state: State, error: PublishFailed | None = None, index: int = 0) -> None:
        self._left -= count
        if error is not None:
            self._note(error, index)
        if not self._left:
            self._finish(state)
            self._wake()

    def _note(self, error: PublishFailed, index: int) -> None:
        if self._count == 1:
            error.errors = ((0, error),)
            self._error = error
            return
        self._failures = self._failures or []
        self._failures.append((index, error))

    def _finish(self, state: State) -> None:
        self.state = state
        if self._failures:
            self.state = "failed"
            self._error = PublishFailed.of_group(sorted(self._failures, key=_index))

    def _wake(self) -> None:
        if self._waiters is not None:
            waiters, self._waiters = self._waiters, None
            here = asyncio.get_running_loop()
            for waiter in waiters:
                loop = waiter.get_loop()
                if loop is not here:
                    if not loop.is_closed():
                        loop.call_soon_threadsafe(_set, waiter)
                elif not waiter.done():
                    waiter.set_result(None)


class _Held(ref[Receipt]):
    """A receipt that is in somebody's hands; a plain reference that knows its message."""

    __slots__ = ("seq",)
    seq: int


class Receipts:
    """All receipts still in somebody's hands."""

    def __init__(self) -> None:
        self._single: dict[int, _Held] = {}
        self._groups: list[ref[Receipt]] = []

    def open(self, seq: int, count: int = 1) -> Receipt:
        """A receipt for these sequence numbers; before the rows are accepted."""
        receipt = Receipt(seq, count)
        if count == 1:
            self._single[seq] = held = _Held(receipt, self._dropped)
            held.seq = seq
        elif count:
            self._groups.append(ref(receipt))
        else:
            receipt.state = "acknowledged"
        return receipt

    def _dropped(self, held: ref[Receipt]) -> None:
        assert isinstance(held, _Held)
        self._single.pop(held.seq, None)

    def _take(self, seq: int) -> Receipt | None:
        held = self._single.pop(seq, None)
        return None if held is None else held()

    def settle(self, seqs: Sequence[int], state: State) -> None:
        """These messages ended well, or all in the same other way."""
        if self._single:
            self._settle_single(seqs, state)
        if self._groups and seqs:
            self._settle_groups(seqs, state)

    def _settle_single(self, seqs: Sequence[int], state: State) -> None:
        for seq in seqs:
            receipt = self._take(seq)
            if receipt is not None:
                receipt._settle(1, state, None if state == "acknowledged" else unsent(seq, state))

    def _settle_groups(self, seqs: Sequence[int], state: State) -> None:
        lowest, highest = min(seqs), max(seqs)
        whole = highest - lowest + 1 == len(seqs)
        for group in self._alive():
            first, last = group.id, group.id + group._count - 1
            if whole:
                mine = range(max(first, lowest), min(last, highest) + 1)
                count = len(mine)
            else:
                count = sum(first <= seq <= last for seq in seqs)
            if count and state in ("acknowledged", "sent"):
                group._settle(count, state)
            elif count:
                for seq in seqs:
                    if first <= seq <= last:
                        group._settle(1, state, unsent(seq, state), seq - first)

    def fail(self, record: Failed) -> PublishRefused:
        """This message was refused; gives the error, for events and the log."""
        error = publish_refused(record)
        receipt = self._take(record.seq)
        if receipt is not None:
            receipt._settle(1, "failed", error)
        for group in self._alive():
            if group.id <= record.seq < group.id + group._count:
                group._settle(1, "failed", error, record.seq - group.id)
        return error

    def uncertain(self, seqs: Sequence[int]) -> None:
        """These QoS 2 messages are sent again after the session was lost (contract 6)."""
        for seq in seqs:
            held = self._single.get(seq)
            receipt = held() if held is not None else None
            if receipt is not None:
                receipt.maybe_duplicate = True
            for group in self._alive():
                if group.id <= seq < group.id + group._count:
                    group.maybe_duplicate = True

    def stop(self) -> None:
        """The client ends: whoever still waits is told."""
        for receipt in self._all():
            receipt._stopped = True
            receipt._wake()

    def start(self) -> None:
        """The client runs again: what is pending may be waited for again."""
        for receipt in self._all():
            receipt._stopped = False

    def _all(self) -> list[Receipt]:
        # A list first: a receipt dropped meanwhile, on whichever thread, leaves the dictionary.
        singles = [held() for held in list(self._single.values())]
        return [*filter(None, singles), *self._alive()]

    def _alive(self) -> list[Receipt]:
        alive = [group for group in (reference() for reference in self._groups) if group and group._left]
        if len(alive) < len(self._groups):
            self._groups = [ref(group) for group in alive]
        return alive


def _set(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)


async def _in_time(waiter: asyncio.Future[None], timeout_s: float) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(timeout_s):
            await waiter


def _index(entry: tuple[int, HoldfastError]) -> int:
    return entry[0]
