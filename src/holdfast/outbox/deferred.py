"""Rows that the broker refused for now: out of the line until their time has come."""

from __future__ import annotations

from heapq import heappop, heappush
from itertools import count
from math import inf

from holdfast.messages import Outgoing
from holdfast.outbox.aside import Aside
from holdfast.outbox.keys import key_of

MOST = 1000
"""At once: with more of them, no class that has any gives new rows, until some are through."""

Entry = tuple[float, int, float, Outgoing]
"""Where it stands in its heap, a number that makes it unique, until when, and which row."""


class Deferred(Aside):
    """In the order of their time; ``in_order``: each class in accept order (``retry="hold_class"``)."""

    def __init__(self, in_order: bool) -> None:
        super().__init__()
        self._in_order = in_order
        self._heaps: tuple[list[Entry], ...] = ([], [], [])
        self._entries: dict[int, Entry] = {}
        self._numbers = count()

    def defer(self, row: Outgoing, until: float) -> None:
        """This row may not go before this time."""
        self.add(row)
        entry = (row.seq if self._in_order else until, next(self._numbers), until, row)
        self._entries[key_of(row)] = entry
        heappush(self._heaps[row.priority], entry)

    def pull(self, key: int) -> Outgoing | None:
        """Take the row under this key out."""
        self._entries.pop(key, None)
        return super().pull(key)

    def due(self, now: float) -> list[Outgoing]:
        """Take out those whose time has come."""
        rows = []
        for heap in self._heaps:
            while (entry := self._first(heap)) is not None and entry[2] <= now:
                heappop(heap)
                self.pull(key_of(entry[3]))
                rows.append(entry[3])
        return rows

    def _first(self, heap: list[Entry]) -> Entry | None:
        while heap and self._entries.get(key_of(heap[0][3])) is not heap[0]:
            heappop(heap)  # it was taken out by key
        return heap[0] if heap else None

    @property
    def next_due(self) -> float:
        """The time at which the next one is due; infinity: there is none."""
        return min([entry[2] for entry in map(self._first, self._heaps) if entry is not None], default=inf)

    def holds(self, priority: int) -> bool:
        """Whether this class gives no new rows meanwhile."""
        return (self._in_order or len(self) >= MOST) and self.has(priority)
