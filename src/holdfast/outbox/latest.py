"""Which unsent rows a newer one on the same topic has superseded (``overflow="latest_per_topic"``)."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Protocol

from holdfast.messages import Outgoing
from holdfast.outbox.keys import key_of, seq_of

STALE = 1000
"""Keys of rows that have left meanwhile: so many at least before they are looked for."""


class Rows(Protocol):
    """Rows that wait."""

    def find(self, key: int) -> Outgoing | None:
        """The row under this key, if it waits and can be read."""

    def has(self, key: int) -> bool:
        """Whether it waits."""


class Latest:
    """Keys alone: of the newest unsent row on each topic, and of those that it superseded.

    A row that leaves is forgotten where it is the newest; as one of the superseded it is skipped later.
    So is one that has become the newest again.
    """

    def __init__(self) -> None:
        self._newest: dict[str, int] = {}
        self._superseded: deque[int] = deque()

    def know(self, rows: Iterable[tuple[str, int]]) -> None:
        """These rows, by topic and key, wait; those of one topic in accept order."""
        for topic, key in rows:
            before = self._newest.get(topic)
            if before not in (None, key):
                older, key = sorted((before, key), key=seq_of)
                self._superseded.append(older)
            self._newest[topic] = key

    def add(self, rows: Iterable[Outgoing]) -> None:
        """These rows wait."""
        self.know((row.topic, key_of(row)) for row in rows)

    def leave(self, rows: Iterable[Outgoing]) -> None:
        """These rows are taken, or have ended."""
        newest = self._newest
        for row in rows:
            if newest.get(row.topic) == key_of(row):
                del newest[row.topic]

    def superseded(self, waiting: Rows, new: Sequence[Outgoing]) -> Iterator[Outgoing]:
        """The rows that may be given up for these new ones, the first to be superseded first.

        Read it to its end, or close it. None may leave meanwhile.
        """
        known: list[int] = []
        try:
            while self._superseded:
                key = self._superseded.popleft()
                row = waiting.find(key)
                if row is None:
                    known += [key] if waiting.has(key) else []  # its commit has yet to happen
                elif self._is_newest(row):  # what superseded it was given up itself
                    self.add((row,))
                else:
                    known.append(key)
                    yield row
            newest = [self._newest.get(topic) for topic in dict.fromkeys(row.topic for row in new)]
            yield from filter(None, [waiting.find(key) for key in newest if key is not None])
        finally:
            self._superseded.extendleft(reversed(known))

    def _is_newest(self, row: Outgoing) -> bool:
        newest = self._newest.get(row.topic)
        return newest is None or seq_of(newest) <= row.seq

    def tidy(self, waiting: int, there: Callable[[int], bool]) -> None:
        """Forget superseded rows that have left: the first, and all once they are the most.

        So many rows wait, and ``there`` says whether this one does.
        """
        superseded = self._superseded
        while superseded and not there(superseded[0]):
            superseded.popleft()
        if len(superseded) > STALE + 2 * waiting:
            self._superseded = deque(filter(there, superseded))
