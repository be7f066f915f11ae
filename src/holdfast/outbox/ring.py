"""QoS 0 that no file keeps: a ring that drops its oldest, with books of this process only (contract 7)."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from threading import Lock

from holdfast.messages import Outgoing
from holdfast.outbox.taking import fitting

QOS0_RING = "qos0_outbox"
"""Why a message fell out of the ring, named after the limit that was met."""


class Ring:
    """The newest ``limit`` messages while nobody takes them.

    Rows come from any thread, one call at a time; everything else happens on the engine's.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._rows: deque[Outgoing] = deque()
        self._lock = Lock()
        self.accepted = 0
        self.ended = {"sent": 0, "failed": 0, "expired": 0, "dropped": 0}
        self._bytes_in = 0
        self._bytes_out = 0

    @property
    def full(self) -> bool:
        """Whether one more pushes one out."""
        return len(self._rows) >= self.limit

    @property
    def bytes(self) -> int:
        """What its pending messages count against a budget."""
        return self._bytes_in - self._bytes_out

    @property
    def pending(self) -> int:
        """Those that have not ended."""
        ended = sum(self.ended.values())
        return self.accepted - ended

    def books(self) -> tuple[dict[str, int], int]:
        """How many ended in which way, and how many were accepted."""
        with self._lock:
            ended = self.ended.copy()
        return ended, self.accepted

    def accept(self, rows: Sequence[Outgoing], whole: bool) -> list[Outgoing]:
        """Take rows in; gives those that fell out for them, none where ``whole``."""
        self.accepted += len(rows)
        self._bytes_in += sum([row.size for row in rows])
        self._rows.extend(rows)
        if whole or len(self._rows) <= self.limit:
            return []
        with self._lock:  # the engine may take at the same time
            fallen = [self._rows.popleft() for _ in range(len(self._rows) - self.limit)]
        self.end(fallen, "dropped")
        return fallen

    def take(self) -> list[Outgoing]:
        """The next that wait: all, but for large ones."""
        if not self._rows:
            return []
        with self._lock:
            return [self._rows.popleft() for _ in range(fitting(self._rows, len(self._rows)))]

    def give_back(self, rows: Sequence[Outgoing]) -> None:
        """These were taken and did not end: they are the next again."""
        with self._lock:
            self._rows.extendleft(reversed(rows))

    def end(self, rows: Sequence[Outgoing], ending: str) -> None:
        """These ended."""
        with self._lock:
            self.ended[ending] += len(rows)
            self._bytes_out += sum([row.size for row in rows])
