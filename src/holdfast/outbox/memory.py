"""The outbox in memory: everything is durable at once, and gone with the process."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from os import urandom
from threading import Lock

from holdfast.messages import Outgoing
from holdfast.outbox.port import Ledger
from holdfast.protocol import Failed, Record, Restored, Settled


class MemoryOutbox:
    """Bounded by bytes; QoS 0 in a ring of its own, which drops its oldest when it is full.

    The ring is for the time without a connection. ``on_dropped`` is told what fell out of it.
    Rows may be accepted on any thread; everything else happens on the engine's.
    """

    def __init__(self, *, max_bytes: int = 1 << 30, qos0_messages: int = 1000) -> None:
        self._max_bytes = max_bytes
        self._qos0_messages = qos0_messages
        self._unsent: deque[Outgoing] = deque()
        self._ring: deque[Outgoing] = deque()
        self._sizes: dict[int, int] = {}
        self._bytes = 0
        self._seq = 0
        self._accepted = 0
        self._ended = {"acknowledged": 0, "sent": 0, "failed": 0, "expired": 0, "dropped": 0}
        self._since = datetime.now(UTC)
        self._lock = Lock()
        self.draining = False
        self.durable = 0
        self.on_durable: Callable[[], None] = lambda: None
        self.on_dropped: Callable[[list[int]], None] = lambda seqs: None

    def restore(self) -> Restored:
        """Nothing but a place for packet identifiers to go on that an earlier process hardly used."""
        return Restored(last_packet_id=int.from_bytes(urandom(2), "big") % 65_535)

    def next_seq(self, count: int) -> int:
        """The first of ``count`` new sequence numbers."""
        first = self._seq + 1
        self._seq += count
        return first

    def lacks(self, rows: Sequence[Outgoing]) -> int | None:
        """None when these fit, else the bound that is met.

        A group larger than the whole budget fits when it is alone. QoS 0 waits for room in its
        ring while there is a connection to empty it, and pushes the oldest out otherwise.
        """
        if self.draining and rows and not rows[0].qos and len(self._ring) >= self._qos0_messages:
            return self._qos0_messages
        if not self._sizes or self._bytes + sum([row.size for row in rows]) <= self._max_bytes:
            return None
        return self._max_bytes

    def accept(self, rows: Sequence[Outgoing]) -> int:
        """Take rows in."""
        with self._lock:
            self._accepted += len(rows)
            sizes = self._sizes
            for row in rows:
                sizes[row.seq] = row.size
                self._bytes += row.size
                (self._unsent if row.qos else self._ring).append(row)
        if len(self._ring) > self._qos0_messages and not self.draining:
            self._drop_oldest()
        return self.durable

    def _drop_oldest(self) -> None:
        with self._lock:  # another thread may drop, or the engine take, at the same time
            over = len(self._ring) - self._qos0_messages
            seqs = [self._ring.popleft().seq for _ in range(over)]
        if seqs:
            self._end(seqs, "dropped")
            self.on_dropped(seqs)

    def take(self, room: int) -> list[Outgoing]:
        """The next unsent rows: QoS 0 first, which has no order against the others."""
        ring, unsent = self._ring, self._unsent
        with self._lock:  # a publisher's thread may drop what waits here
            rows = [ring.popleft() for _ in range(len(ring))]
        rows += [unsent.popleft() for _ in range(min(room, len(unsent)))]
        return rows

    def write(self, records: Sequence[Record]) -> int:
        """Book what ended; stages need no writing in memory."""
        for record in records:
            if isinstance(record, Settled):
                self._end(record.seqs, record.ending)
            elif isinstance(record, Failed):
                self._end((record.seq,), "failed")
        return self.durable

    def _end(self, seqs: Sequence[int], ending: str) -> None:
        pop = self._sizes.pop
        with self._lock:
            self._bytes -= sum([pop(seq) for seq in seqs])
            self._ended[ending] += len(seqs)

    @property
    def pending(self) -> int:
        """How many accepted messages have not ended."""
        return len(self._sizes)

    def ledger(self) -> Ledger:
        """The books."""
        with self._lock:
            return Ledger(accepted=self._accepted, pending=len(self._sizes), since=self._since, **self._ended)

    def close(self) -> None:
        """Nothing to close."""
