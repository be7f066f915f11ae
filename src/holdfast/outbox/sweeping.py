"""Which of the rows that wait are too old (contract 9), and when to look again."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from heapq import heapify, heappop, heappush
from itertools import islice, takewhile
from math import inf
from typing import TYPE_CHECKING

from holdfast.messages import Outgoing
from holdfast.outbox.keys import key_of

if TYPE_CHECKING:
    from holdfast.outbox.waiting import Waiting

AT_ONCE = 500
AT_ONCE_BYTES = 4 << 20
"""What ends in one sweep, at most, about: a few milliseconds; the next one follows soon."""

SOON_S = 0.01
"""How soon, where a sweep had more to do."""

LOOK_S = 1.0
"""While rows wait: rows accepted after a sweep may be due before what it saw."""

STALE = 1000
"""Keys of rows that have left meanwhile: so many at least before they are looked for."""

EXPIRY, MAX_AGE = "expiry_s", "max_age_s"
"""Why a row expired, named after the limit that was met."""


def take_out(waiting: Waiting, due: Iterable[int], before: float) -> tuple[list[Outgoing], list[Outgoing]]:
    """Take out the rows under these keys, and those accepted before this time; inside ``waiting``."""
    expired = [row for row in map(waiting.pull, due) if row is not None]
    if before == -inf:
        return expired, []
    aged = some(takewhile(lambda row: row.accepted_at <= before, waiting.oldest()), AT_ONCE - len(expired))
    return expired, [row for row in aged if waiting.pull(key_of(row)) is not None]


def some(rows: Iterable[Outgoing], most: int = AT_ONCE) -> list[Outgoing]:
    """As many of the first as may end at once: fewer than ``most``, where they are large."""
    found, left = [], AT_ONCE_BYTES
    for row in islice(rows, most):
        found.append(row)
        left -= row.size
        if left <= 0:
            break
    return found


def next_look(waiting: Waiting, now: float, max_age_s: float, next_due: float, ended: int) -> float:
    """When to sweep again, after one that ended so many rows; infinity: when there are new ones.

    ``next_due``: when the next row expires. Inside ``waiting``.
    """
    if ended >= AT_ONCE or waiting.unparking is not None:
        return now + SOON_S
    if not len(waiting):
        return inf
    oldest = next(waiting.oldest(), None) if max_age_s < inf else None
    too_old = inf if oldest is None else oldest.accepted_at + max_age_s
    return min(now + LOOK_S, max(now + SOON_S, min(next_due, too_old, waiting.deferred.next_due)))


class Expiring:
    """When rows expire, by key; in memory. Not for two threads at once."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int]] = []

    def add(self, rows: Iterable[Outgoing]) -> None:
        """These rows wait."""
        for row in rows:
            if row.expires_at is not None:
                heappush(self._heap, (row.expires_at, key_of(row)))

    def due(self, now: float) -> list[int]:
        """The keys of those that have expired, or had and left; as many as may end at once."""
        heap = self._heap
        keys: list[int] = []
        while heap and heap[0][0] <= now and len(keys) < AT_ONCE:
            keys.append(heappop(heap)[1])
        return keys

    @property
    def next_due(self) -> float:
        """When to look again; infinity: no row expires."""
        return self._heap[0][0] if self._heap else inf

    def tidy(self, waiting: int, there: Callable[[int], bool]) -> None:
        """Forget those that have left, once they are the most.

        So many rows wait, and ``there`` says whether this one does.
        """
        if len(self._heap) > STALE + 2 * waiting:
            self._heap = [entry for entry in self._heap if there(entry[1])]
            heapify(self._heap)
