"""From a call to an accepted row: checks, room, receipt."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import accumulate
from threading import Lock
from time import monotonic
from typing import TYPE_CHECKING, Any

from holdfast.client.content import ABSENT, Absent, payload_of, properties_of
from holdfast.client.interrupts import carry
from holdfast.client.options import to_bytes
from holdfast.client.receipt import Receipt
from holdfast.client.receipts import Receipts
from holdfast.client.rules import Rule, Rules, check_expiry, class_of, no_qos
from holdfast.client.waiting import Signal
from holdfast.codec.packets import QOS
from holdfast.errors import HoldfastError, OutboxFull, Stopped, TooLarge
from holdfast.messages import NO_PROPERTIES, Outgoing, Payload, Priority, QoS, UserProperties
from holdfast.outbox import Outbox
from holdfast.protocol import Terms, wire_size

if TYPE_CHECKING:
    from holdfast.clock import Clock

MOST_BYTES = 268_435_455
"""The longest remaining length MQTT can express (§2.1.4)."""

ENVELOPE = 70_000
"""More than a PUBLISH without properties can hold beside its payload."""


class Publisher:
    """The way in: what it lets through is kept."""

    def __init__(
        self,
        outbox: Outbox,
        receipts: Receipts,
        clock: Clock,
        room: Signal,
        rules: Sequence[Rule] = (),
        waits: bool = True,
    ) -> None:
        """``room`` is notified when the outbox may have room again, or the client ends.

        ``waits``: whether it is waited for at all.
        """
        self._outbox = outbox
        self.receipts = receipts
        self._clock = clock
        self._rules = Rules(rules)
        self._waits = waits
        self._terms: Terms | None = None
        self._limit = MOST_BYTES
        self.stopped: str | None = "the client is not started"
        self._foreign: HoldfastError | None = None
        self.wake: Callable[[], None] = lambda: None
        self.inside: Callable[[], bool] = lambda: False  # whether a handler of this client calls
        self.room = room
        self._lock = outbox.accepting

    def agreed(self, terms: Terms) -> None:
        """These are the broker's limits from now on; without a connection the last ones count."""
        self._terms = terms
        self._limit = terms.max_packet_bytes or MOST_BYTES

    def close(self, reason: str) -> None:
        """Accept nothing more; when this returns no other thread is about to."""
        with self._lock:
            self.stopped = reason
        self.room.notify()

    def forked(self, error: HoldfastError) -> None:
        """This process is a child of the one that publishes: it may hold a copy of the lock, locked."""
        self._lock = Lock()
        self._foreign, self.stopped = error, str(error)

    # -- the calls ---------------------------------------------------------------------------

    def row(
        self,
        topic: str,
        payload: Payload | Absent,
        json: Any,
        qos: QoS | None,
        retain: bool | None,
        expiry_s: float | None,
        priority: Priority | None,
        content_type: str | None,
        user_properties: UserProperties,
    ) -> Outgoing:
        """The message as a row without a sequence number. Raises what ``publish`` raises."""
        data = payload if json is ABSENT and isinstance(payload, bytes) else payload_of(payload, json)
        plain = content_type is None and not user_properties
        properties = NO_PROPERTIES if plain else properties_of(content_type, user_properties)
        rule = self._rules.known.get(topic) or self._rules.find(topic)
        if qos is None:
            qos = rule.qos
        elif qos not in QOS:
            raise no_qos(qos)
        row = Outgoing(
            0,
            topic,
            data,
            qos,
            rule.retain if retain is None else retain,
            properties,
            self._expires_at(rule.expiry_s if expiry_s is None else expiry_s),
            False,
            rule.priority if priority is None else class_of(priority),
        )
        if properties or len(data) > self._limit - ENVELOPE:
            self._check_size(row)
        return row

    def rows(
        self,
        messages: Iterable[tuple[str, Payload]],
        qos: QoS | None,
        retain: bool | None,
        expiry_s: float | None,
        priority: Priority | None,
    ) -> list[Outgoing]:
        """As ``row``, for many without properties; in one body, as a call per message doubles the cost."""
        known, find, harmless = self._rules.known, self._rules.find, self._limit - ENVELOPE
        if qos is not None and qos not in QOS:
            raise no_qos(qos)
        urgency = None if priority is None else class_of(priority)
        expires_at = self._expires_at(expiry_s)
        rows = []
        for topic, payload in messages:
            rule = known.get(topic) or find(topic)
            data = payload if isinstance(payload, bytes) else to_bytes(payload)
            row = Outgoing(
                0,
                topic,
                data,
                rule.qos if qos is None else qos,
                rule.retain if retain is None else retain,
                NO_PROPERTIES,
                expires_at or self._expires_at(rule.expiry_s),
                False,
                rule.priority if urgency is None else urgency,
            )
            if len(data) > harmless:
                self._check_size(row)
            rows.append(row)
        return rows

    async def wait_and_take(self, rows: list[Outgoing], timeout_s: float) -> Receipt:
        """As ``take``, after waiting for room, but in a handler. Raises OutboxFull, OutboxError, Stopped."""
        deadline = monotonic() + timeout_s
        left = timeout_s if self._waits and not self.inside() else 0
        while left > 0 and await self.room.wait_until(lambda: self._may_take(rows), left):
            receipt = self.take(rows)
            if receipt is not None:
                return receipt
            left = deadline - monotonic()  # another thread was quicker
        return self.take_now(rows, timeout_s)

    def block_and_take(self, rows: list[Outgoing], timeout_s: float) -> Receipt:
        """As ``wait_and_take``, on a thread."""
        deadline = monotonic() + timeout_s
        left = timeout_s if self._waits and not self.inside() else 0
        while left > 0 and self.room.block_until(lambda: self._may_take(rows), left):
            receipt = self.take(rows)
            if receipt is not None:
                return receipt
            left = deadline - monotonic()
        return self.take_now(rows, timeout_s)

    def _may_take(self, rows: list[Outgoing]) -> bool:
        return self.stopped is not None or self._outbox.lacks(rows) is None

    def take_now(self, rows: list[Outgoing], waited_s: float = 0) -> Receipt:
        """As ``take``, but no room is an error. Raises OutboxFull, OutboxError, Stopped."""
        receipt = self.take(rows) or (self.take(rows, spare=True) if self.inside() else None)
        if receipt is not None:
            return receipt
        limit = self._outbox.lacks(rows) or 0
        raise OutboxFull(
            f"not accepted: the outbox is full ({limit}) and was for {waited_s} s",
            limit=limit,
            hint="the broker takes less than is published, or is away",
        )

    def take(self, rows: list[Outgoing], spare: bool = False) -> Receipt | None:
        """Take the rows in; None when there is no room. Raises OutboxError, Stopped.

        ``spare``: with the room that is kept for handlers.
        """
        receipt = taken = None
        try:
            with self._lock:  # sequence numbers rise in accept order, whichever thread publishes
                if self.stopped is not None:
                    raise self.refusal()
                if self._is_full(rows, spare):
                    return None
                receipt = self.receipts.open(self._outbox.last + 1, rows)
                receipt.commit = self._outbox.accept(rows)
                taken = receipt
            self.wake()
        except KeyboardInterrupt as interrupt:
            carry(interrupt, receipt, taken)
            self.wake()
            raise
        return taken

    def take_all(self, calls: Sequence[Sequence[Outgoing]]) -> list[Receipt] | None:
        """As ``take``, several calls in one commit. Older messages are given up for a single one only."""
        rows = [row for call in calls for row in call]
        with self._lock:
            if self.stopped is not None:
                raise self.refusal()
            if self._is_full(rows) if len(calls) == 1 else self._outbox.lacks(rows) is not None:
                return None
            firsts = accumulate(map(len, calls), initial=self._outbox.last + 1)
            receipts = [self.receipts.open(first, call) for first, call in zip(firsts, calls, strict=False)]
            commit = self._outbox.accept(rows)
        for receipt in receipts:
            receipt.commit = commit
        return receipts

    # -- inside ------------------------------------------------------------------------------

    def _is_full(self, rows: Sequence[Outgoing], spare: bool = False) -> bool:
        return self._outbox.lacks(rows, spare) is not None and not self._outbox.make_room(rows)

    def refusal(self) -> HoldfastError:
        """The error for a call while it is ``stopped``."""
        return self._foreign or Stopped(f"not accepted: {self.stopped}")

    def _check_size(self, row: Outgoing) -> None:
        """Contract 10: with the full topic and everything that may be added."""
        size = wire_size(row, self._terms.version if self._terms else 5)
        if size > self._limit:
            raise TooLarge(
                f"{size} bytes as a packet on {row.topic}: this broker takes {self._limit} at most",
                hint="send less in one message, or raise the broker's maximum packet size",
            )

    def _expires_at(self, expiry_s: float | None) -> float | None:
        if expiry_s is not None:
            check_expiry(expiry_s)
            return self._clock.now() + expiry_s
        return None
