"""What is kept of what came in, counted in memory: of each owner how many, and of all how many bytes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from threading import Lock

from holdfast.outbox.intake import Held


class IntakeBooks:
    """Any thread may ask. Messages count from when they are handed over until they have left the file."""

    __slots__ = ("_bytes", "_counts", "_lock")

    def __init__(self, totals: Iterable[tuple[str, int, int]] = ()) -> None:
        """``totals``: of each owner how many the file has, and their bytes."""
        self._counts: Counter[str] = Counter()
        self._bytes = 0
        self._lock = Lock()
        for owner, count, size in totals:
            self._counts[owner] += count
            self._bytes += size

    def came(self, messages: Sequence[Held]) -> None:
        """These are handed over."""
        with self._lock:
            self._counts.update([held.owner for held in messages])
            self._bytes += sum([held.size for held in messages])

    def left(self, gone: Iterable[tuple[str, int, int]]) -> None:
        """So many of an owner have left the file, and their bytes."""
        with self._lock:
            for owner, count, size in gone:
                self._counts[owner] -= count
                self._bytes -= size

    def count(self, owner: str | None) -> int:
        """How many there are, of this owner or of all."""
        with self._lock:
            return self._counts.total() if owner is None else self._counts[owner]

    def owners(self) -> list[str]:
        """Those who have any."""
        with self._lock:
            return sorted(owner for owner, count in self._counts.items() if count > 0)

    def fits(self, size: int, most: int | None) -> bool:
        """Whether so many bytes more are within the budget; one group of any size fits where nothing is."""
        held = self._bytes
        return most is None or held <= 0 or held + size <= most
