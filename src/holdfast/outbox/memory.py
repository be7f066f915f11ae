"""The outbox in memory: everything is durable at once, and gone with the process."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from os import urandom
from threading import Lock

from holdfast.errors import OutboxError
from holdfast.messages import Outgoing
from holdfast.outbox.port import Ledger
from holdfast.outbox.ring import QOS0_RING
from holdfast.outbox.taking import TAKEN_BYTES, fitting
from holdfast.protocol import Failed, Record, Restored, Settled
from holdfast.protocol.records import Ending


class MemoryOutbox:
    """Bounded by bytes; QoS 0 in a ring of its own, which drops its oldest when it is full.

    The ring is for the time without a connection. ``on_ended`` is told what fell out of it.
    Rows may be accepted on any thread, one call at a time; everything else happens on the engine's.

    What came in is counted by who accepts, what ended by the engine, and what is pending is their
    difference: so neither waits for the other, and the books are balanced at every moment.
    """

    def __init__(self, *, max_bytes: int = 1 << 30, qos0_messages: int = 1000) -> None:
        self._max_bytes = max_bytes
        self._qos0_messages = qos0_messages
        self._unsent: deque[Outgoing] = deque()
        self._ring: deque[Outgoing] = deque()
        self.last = 0
        self._bytes_in = 0
        self._bytes_out = 0
        self._ended = {"acknowledged": 0, "sent": 0, "failed": 0, "expired": 0, "dropped": 0}
        self._since = datetime.now(UTC)
        self._lock = Lock()
        self.draining = False
        self.durable = 0
        self.failure = None
        self.set_aside: str | None = None
        self.mended: str | None = None
        self.on_durable: Callable[[], None] = lambda: None
        self.on_failed: Callable[[OutboxError | None], None] = lambda error: None
        self.on_ended: Callable[[list[Outgoing], Ending, str], None] = lambda rows, ending, why: None

    def open(self, client_id: str | None = None) -> str | None:
        """Nothing to open, and no client id kept."""
        return client_id

    def restore(self) -> Restored:
        """Nothing but a place for packet identifiers to go on that an earlier process hardly used."""
        return Restored(last_packet_id=int.from_bytes(urandom(2), "big") % 65_535)

    def adopt(self, rows: Sequence[Outgoing]) -> None:
        """Whoever took them has them still."""

    def lacks(self, rows: Sequence[Outgoing]) -> int | None:
        """None when these fit, else the bound that is met.

        A group larger than the whole budget fits when it is alone. QoS 0 waits for room in its
        ring while there is a connection to empty it, and pushes the oldest out otherwise.
        """
        if self.draining and rows and not rows[0].qos and len(self._ring) >= self._qos0_messages:
            return self._qos0_messages
        size = held = self._bytes_in - self._bytes_out
        for row in rows:
            size += row.size
        return None if not held or size <= self._max_bytes else self._max_bytes

    def accept(self, rows: Sequence[Outgoing]) -> int:
        """Number rows of one QoS and take them in."""
        seq, size = self.last, 0
        for row in rows:
            seq += 1
            row.seq = seq
            size += row.size
        self.last = seq
        self._bytes_in += size
        if rows and rows[0].qos:  # only now: what the engine takes is counted already
            self._unsent.extend(rows)
        else:
            self._ring.extend(rows)
            if len(self._ring) > self._qos0_messages and not self.draining:
                self._drop_oldest()
        return self.durable

    def _drop_oldest(self) -> None:
        with self._lock:  # another thread may drop, or the engine take, at the same time
            over = len(self._ring) - self._qos0_messages
            rows = [self._ring.popleft() for _ in range(over)]
        if rows:
            self._end(rows, "dropped")
            self.on_ended(rows, "dropped", QOS0_RING)

    def begin(self) -> None:
        """Nothing to begin."""

    def take(self, room: int) -> list[Outgoing]:
        """The next unsent rows: QoS 0 first, which has no order against the others."""
        ring, unsent = self._ring, self._unsent
        large = self._bytes_in - self._bytes_out > TAKEN_BYTES
        rows: list[Outgoing] = []
        if ring:
            with self._lock:  # a publisher's thread may drop what waits here
                count = fitting(ring, len(ring)) if large else len(ring)
                rows = [ring.popleft() for _ in range(count)]
        count = min(room, len(unsent))
        if large:
            count = fitting(unsent, count)
        rows += [unsent.popleft() for _ in range(count)]
        return rows

    def write(self, records: Sequence[Record]) -> int:
        """Book what ended; stages need no writing in memory."""
        for record in records:
            if isinstance(record, Settled):
                self._end(record.rows, record.ending)
            elif isinstance(record, Failed):
                self._end((record.row,), "failed")
        return self.durable

    def _end(self, rows: Sequence[Outgoing], ending: str) -> None:
        size = sum([row.size for row in rows])
        with self._lock:  # a publisher's thread may drop at the same time
            self._bytes_out += size
            self._ended[ending] += len(rows)

    @property
    def pending(self) -> int:
        """How many accepted messages have not ended."""
        ended = sum(self._ended.values())  # first: who accepts meanwhile makes it more, never less
        return self.last - ended

    @property
    def at_risk(self) -> int:
        """All that is pending."""
        return self.pending

    def ledger(self) -> Ledger:
        """The books."""
        with self._lock:
            ended = self._ended.copy()
        accepted = self.last
        pending = accepted - sum(ended.values())
        return Ledger(accepted=accepted, pending=pending, since=self._since, **ended)

    def close(self, timeout_s: float | None = None) -> bool:
        """Nothing to close."""
        return True
