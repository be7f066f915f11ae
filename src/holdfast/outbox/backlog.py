"""Unsent rows in accept order: the next few in memory, the rest where the file has them.

    accepted ──▶ ready ──take──▶ the session          while all that waits fits in memory
    accepted ──▶ (spilled: only in the file)          once it does not
    file ──▶ ready                                    in batches, as the session has room

Spilled rows are read when their commit has happened: a commit is visible whole and commits are in
accept order, so what the file shows is always a prefix of what was accepted. While something
is spilled, new rows are too: nothing overtakes (contract 8). Receipts of spilled rows are
held weakly, so that a receipt somebody kept is told, and one that was dropped costs nothing.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from threading import Lock
from typing import Any
from weakref import WeakValueDictionary, ref

from holdfast.messages import Outgoing

READY_ROWS = 4000
READY_BYTES = 4 << 20
"""In memory at most, but for one group."""

BATCH_ROWS = 500
TAKEN_BYTES = 512 * 1024
"""Read, or taken, at once, about: a few milliseconds, and what a socket takes."""


class Backlog:
    """Rows come from any thread, one call at a time; all else is the engine's."""

    def __init__(
        self, read: Callable[[int], Iterator[Outgoing]], skip: Collection[int], last: int, commit: int
    ) -> None:
        """``read`` gives the committed rows above a sequence number, one by one.

        ``last`` is the highest in the file and ``commit`` the commit that wrote it; the rows in
        ``skip`` are in flight.
        """
        self._read = read
        self._skip = set(skip)
        self._ready: deque[Outgoing] = deque()
        self._bytes = 0
        self._cursor = 0
        self._spilled = commit if last else 0  # the newest commit with a spilled row; 0: none
        self._lock = Lock()
        self._tickets: WeakValueDictionary[int, Any] = WeakValueDictionary()

    def accept(self, rows: Sequence[Outgoing], commit: int) -> None:
        """Rows in accept order, and the commit they are in."""
        size = sum([row.size for row in rows])
        with self._lock:
            if self._spilled or len(self._ready) + len(rows) > READY_ROWS or self._bytes + size > READY_BYTES:
                self._spilled = commit
            else:
                self._ready.extend(rows)
                self._bytes += size
                self._cursor = rows[-1].seq
                return
        self.adopt(receipts_of(rows))

    def adopt(self, receipts: Mapping[int, Any]) -> None:
        """Somebody holds these receipts of rows that are read from the file, by their numbers."""
        self._tickets.update(receipts)

    def receipts(self) -> dict[int, Any]:
        """The receipts that somebody holds of rows in here."""
        return {**self._tickets, **receipts_of(self._ready)}

    def take(self, room: int, durable: int) -> list[Outgoing]:
        """The next rows: at most ``room`` of QoS 1 and 2, and no more than make one good write."""
        if self._spilled and len(self._ready) < max(1, room):
            self._refill(durable)
        ready, rows, left = self._ready, [], TAKEN_BYTES
        with self._lock:
            while ready and left > 0 and (room > 0 or not ready[0].qos):
                row = ready.popleft()
                left -= row.size
                room -= row.qos > 0
                rows.append(row)
            self._bytes -= TAKEN_BYTES - left
        return rows

    def _refill(self, durable: int) -> None:
        """One batch from the file; ``durable`` was so before it is read."""
        rows: list[Outgoing] = []
        left, cursor, all_read = TAKEN_BYTES, self._cursor, True
        for row in self._read(cursor):
            cursor = row.seq
            if cursor in self._skip:
                continue
            self.give_back(row)
            rows.append(row)
            left -= row.size
            if len(rows) >= BATCH_ROWS or left <= 0:
                all_read = False
                break
        with self._lock:
            self._ready.extend(rows)
            self._bytes += TAKEN_BYTES - left
            self._cursor = cursor
            if all_read and self._spilled <= durable:
                self._spilled = 0

    def give_back(self, row: Outgoing) -> None:
        """A row that was read from the file gets the receipt that somebody holds of it."""
        receipt = self._tickets.pop(row.seq, None)
        if receipt is not None:
            row.ticket = ref(receipt)


def receipts_of(rows: Iterable[Outgoing]) -> dict[int, Any]:
    """The receipts of these rows that somebody holds, by their numbers."""
    held = ((row.seq, row.ticket()) for row in rows if row.ticket is not None)
    return {seq: receipt for seq, receipt in held if receipt is not None}
