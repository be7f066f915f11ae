"""QoS 0 that no file keeps: a ring that drops its oldest while nobody takes them (contract 7)."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from itertools import repeat, starmap, takewhile
from math import inf
from threading import Lock

from holdfast.messages import Outgoing
from holdfast.outbox.sweeping import LOOK_S
from holdfast.outbox.taking import fitting
from holdfast.outbox.tally import Tally

QOS0_RING = "qos0_outbox"
"""Why a message fell out of the ring, named after the limit that was met."""


class Ring:
    """The newest ``limit`` messages; more of them while there is a connection that takes them.

    Rows come from any thread, one call at a time; everything else happens on the engine's. Priorities
    mean nothing here: these messages have no order against any others (contract 8).
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._rows: deque[Outgoing] = deque()
        self._next_due = inf  # no row expires before
        self._lock = Lock()

    @property
    def full(self) -> bool:
        """Whether one more pushes one out."""
        return len(self._rows) >= self.limit

    def accept(self, rows: Sequence[Outgoing], whole: bool, expiring: bool, books: Tally) -> list[Outgoing]:
        """Take rows in, and book them; gives those that fell out for them, none where ``whole``.

        ``expiring``: some of them have an expiry.
        """
        count, size = len(rows), sum([row.size for row in rows])
        with self._lock:
            books.accepted += count  # without a call up to the next line's: Ctrl-C comes behind one
            books.bytes_in += size
            self._rows.extend(rows)
            if expiring:
                self._next_due = min(self._next_due, _first_due(rows))
            return [] if whole else self._first(len(self._rows) - self.limit)

    def take(self, large: bool) -> list[Outgoing]:
        """The next that wait: all, but for large ones."""
        if not self._rows:
            return []
        with self._lock:
            count = len(self._rows)
            return self._first(fitting(self._rows, count) if large else count)

    def give_back(self, rows: Sequence[Outgoing]) -> None:
        """These were taken and did not end: they are the next again."""
        with self._lock:
            self._rows.extendleft(reversed(rows))
            self._next_due = min(self._next_due, _first_due(rows))

    def _first(self, count: int) -> list[Outgoing]:
        return list(starmap(self._rows.popleft, repeat((), count)))

    def give_up(self, now: float, before: float) -> tuple[list[Outgoing], list[Outgoing]]:
        """Take out what has expired, and what was accepted before this time."""
        with self._lock:
            rows, expired = self._rows, []
            if self._next_due <= now:
                expired = [row for row in rows if row.expires_at is not None and row.expires_at <= now]
                left = [row for row in rows if row.expires_at is None or row.expires_at > now]
                rows.clear()
                rows.extend(left)
                self._next_due = _first_due(left)
            old = sum(1 for _ in takewhile(lambda row: row.accepted_at <= before, rows))
            return expired, self._first(old)

    def next_look(self, now: float, max_age_s: float) -> float:
        """When to look again for what is too old; infinity: when there are new messages."""
        with self._lock:
            if not self._rows:
                return inf
            return min(self._next_due, self._rows[0].accepted_at + max_age_s, now + LOOK_S)


def _first_due(rows: Sequence[Outgoing]) -> float:
    return min([row.expires_at for row in rows if row.expires_at is not None], default=inf)
