"""Rows out of the line: found by key, and by class in accept order."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Iterable, Iterator

from holdfast.messages import Outgoing
from holdfast.outbox.keys import key_of, span


class Aside:
    """Pending rows that may not go for the time being. Not for two threads at once."""

    def __init__(self) -> None:
        self._keys: list[int] = []
        self._rows: dict[int, Outgoing] = {}

    def __len__(self) -> int:
        return len(self._keys)

    def __contains__(self, key: int) -> bool:
        place = bisect_left(self._keys, key)
        return place < len(self._keys) and self._keys[place] == key

    def add(self, row: Outgoing) -> None:
        """This row leaves the line."""
        key = key_of(row)
        insort(self._keys, key)
        self._rows[key] = row

    def find(self, key: int) -> Outgoing | None:
        """The row under this key, if it is here."""
        return self._rows.get(key)

    def pull(self, key: int) -> Outgoing | None:
        """Take the row under this key out, if ``find`` finds it."""
        row = self.find(key)
        if row is not None:
            self.discard(key)
        return row

    def pull_all(self, keys: Iterable[int]) -> list[Outgoing]:
        """Take out those of these that are here."""
        return [row for row in map(self.pull, keys) if row is not None]

    def discard(self, key: int) -> None:
        """The row under this key, which is here, is here no more."""
        del self._keys[bisect_left(self._keys, key)]
        self._rows.pop(key, None)

    def of(self, priority: int) -> Iterator[Outgoing]:
        """The rows of this class in accept order. None may leave meanwhile."""
        for place in range(*self._places(priority)):
            row = self.find(self._keys[place])
            if row is not None:
                yield row

    def has(self, priority: int) -> bool:
        """Whether there is any of this class."""
        first, end = self._places(priority)
        return first < end

    def _places(self, priority: int) -> tuple[int, int]:
        lowest, highest = span(priority)
        return bisect_left(self._keys, lowest), bisect_right(self._keys, highest)

    def keys(self) -> list[int]:
        """The keys of all of them."""
        return self._keys.copy()


class Parked(Aside):
    """Rows that cannot go to this broker.

    With ``read`` only their keys are kept, those of ``keys``, sorted, to begin with; rows are read when
    they are asked for, and None says that one cannot be read yet.
    """

    def __init__(
        self, read: Callable[[int], Outgoing | None] | None = None, keys: Iterable[int] = ()
    ) -> None:
        super().__init__()
        self._read = read
        self._keys.extend(keys)

    def add(self, row: Outgoing) -> None:
        """This row leaves the line."""
        super().add(row)
        if self._read is not None:
            self._rows.clear()

    def find(self, key: int) -> Outgoing | None:
        """The row under this key, if it is here and can be read."""
        if self._read is None:
            return super().find(key)
        return self._read(key) if key in self else None
