"""Receipts: tickets for accepted messages, held weakly until the message has ended."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal
from weakref import WeakValueDictionary, ref

from holdfast import reasons
from holdfast.client.waiting import Signal
from holdfast.errors import (
    Dropped,
    Expired,
    HoldfastError,
    PublishFailed,
    PublishRefused,
    Stopped,
    Timeout,
    TooLarge,
)
from holdfast.protocol import Failed

State = Literal["submitted", "pending", "acknowledged", "sent", "failed", "expired", "dropped"]

PACKET_TOO_LARGE = 0x95


class Receipt:
    """A ticket for one accepted message, or for a group; dropping it costs and hides nothing.

    ``id`` is the outbox sequence number (of the group's first message). ``maybe_duplicate`` is
    True when a QoS 2 message was sent again to a broker that had forgotten the session.
    """

    __slots__ = ("__weakref__", "_changed", "_count", "_error", "_left", "_stopped", "id", "maybe_duplicate", "state")

    def __init__(self, id: int, count: int = 1) -> None:
        self.id = id
        self.state: State = "pending"
        self.maybe_duplicate = False
        self._count = count
        self._left = count
        self._error: PublishFailed | None = None
        self._changed: Signal | None = None
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
            if self._changed is None:
                self._changed = Signal()
            await self._changed.wait(timeout_s)
        if self._error is not None and not self._left:
            raise self._error
        if self._left and self._stopped:
            raise Stopped(f"the client stopped before message {self.id} was acknowledged")
        if self._left:
            raise Timeout(f"message {self.id} was not acknowledged in {timeout_s} s; it is still pending")

    def _settle(self, count: int, state: State, error: PublishFailed | None = None, index: int = 0) -> None:
        self._left -= count
        if error is not None:
            self._note(error, index)
        if not self._left:
            self.state = self._final(state)
            self._wake()

    def _note(self, error: PublishFailed, index: int) -> None:
        if self._count == 1:
            error.errors = ((0, error),)
            self._error = error
            return
        earlier = self._error.errors if self._error else ()
        self._error = PublishFailed.of_group([*earlier, (index, error)])

    def _final(self, state: State) -> State:
        return "failed" if self._error is not None and self._count > 1 else state

    def _stop(self) -> None:
        self._stopped = True
        self._wake()

    def _wake(self) -> None:
        if self._changed is not None:
            self._changed.notify()


class Receipts:
    """All receipts still in somebody's hands."""

    def __init__(self) -> None:
        self._single: WeakValueDictionary[int, Receipt] = WeakValueDictionary()
        self._groups: list[ref[Receipt]] = []

    def open(self, seq: int, count: int = 1) -> Receipt:
        """A receipt for these sequence numbers; before the rows are accepted."""
        receipt = Receipt(seq, count)
        if count == 1:
            self._single[seq] = receipt
        elif count:
            self._groups.append(ref(receipt))
        else:
            receipt.state = "acknowledged"
        return receipt

    def settle(self, seqs: Sequence[int], state: State) -> None:
        """These messages ended well, or all in the same other way."""
        if self._single:
            self._settle_single(seqs, state)
        if self._groups and seqs:
            self._settle_groups(seqs, state)

    def _settle_single(self, seqs: Sequence[int], state: State) -> None:
        pop = self._single.pop
        for seq in seqs:
            receipt = pop(seq, None)
            if receipt is not None:
                receipt._settle(1, state, _failure(seq, state))

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
                        group._settle(1, state, _failure(seq, state), seq - first)

    def fail(self, record: Failed) -> PublishRefused:
        """This message was refused; gives the error, for events and the log."""
        error = refusal(record)
        receipt = self._single.pop(record.seq, None)
        if receipt is not None:
            receipt._settle(1, "failed", error)
        for group in self._alive():
            if group.id <= record.seq < group.id + group._count:
                group._settle(1, "failed", error, record.seq - group.id)
        return error

    def uncertain(self, seqs: Sequence[int]) -> None:
        """These QoS 2 messages are sent again after the session was lost (contract 6)."""
        for seq in seqs:
            receipt = self._single.get(seq)
            if receipt is not None:
                receipt.maybe_duplicate = True
            for group in self._alive():
                if group.id <= seq < group.id + group._count:
                    group.maybe_duplicate = True

    def stop(self) -> None:
        """The client ends: whoever still waits is told."""
        for receipt in [*self._single.values(), *self._alive()]:
            receipt._stop()

    def _alive(self) -> list[Receipt]:
        alive = [group for group in (reference() for reference in self._groups) if group and group._left]
        if len(alive) < len(self._groups):
            self._groups = [ref(group) for group in alive]
        return alive


def _failure(seq: int, state: State) -> PublishFailed | None:
    if state == "expired":
        return Expired(f"message {seq} was older than its expiry_s before it could be sent")
    if state == "dropped":
        return Dropped(
            f"message {seq} (QoS 0) was given up: too many waited for a connection",
            policy="drop_oldest",
            hint="publish with qos=1 to keep it, or raise Limits(qos0_outbox=...)",
        )
    return None


def refusal(record: Failed) -> PublishRefused:
    """The typed error for a message that was refused."""
    said = f" ({record.detail})" if record.detail else ""
    reason = reasons.name(record.reason)
    error = PublishRefused(
        f"message {record.seq} on {record.topic} was refused: {reason}{said}",
        code=record.reason,
        reason=reason,
        hint=reasons.sentence(record.reason),
    )
    if record.reason == PACKET_TOO_LARGE:
        error.__cause__ = TooLarge(record.detail)
    return error


def describe(error: HoldfastError) -> str:
    """The sentence and, where there is one, the hint."""
    return f"{error}. {error.hint}" if error.hint else str(error)
