"""Which rows of the file are not to be read back (``refill``): somebody has them in memory, or just had them.

A row is in the file until the commit that deletes it, and in what is being read then it still may be behind
that. It is nobody's, who handles it, but of the run: a handler that ended may still be at it, or have handled
it, when the next of its filters begins to read.
"""

from __future__ import annotations

from collections.abc import Iterable


class RowNumbers:
    """Of one run."""

    def __init__(self) -> None:
        self._here: set[int] = set()
        self._gone: set[int] = set()  # to be taken out of these when nothing is being read
        self._readers = 0

    def __contains__(self, number: int) -> bool:
        """Whether this one is not to be read back."""
        return number in self._here

    def came(self, number: int) -> None:
        """It is in memory."""
        self._here.add(number)

    def given_back(self, number: int) -> None:
        """It is in the file alone again."""
        self._here.discard(number)

    def left(self, numbers: Iterable[int]) -> None:
        """These are not in the file any more."""
        if self._readers:
            self._gone.update(numbers)
        else:
            self._here.difference_update(numbers)

    def begin(self) -> None:
        """Somebody begins to read."""
        self._readers += 1

    def end(self) -> None:
        """Somebody has read, and looked at all of it."""
        self._readers -= 1
        if not self._readers:
            self._here -= self._gone
            self._gone = set()
