"""A log that stays calm: what happens again and again is told at once, then once a second at most."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable

TOLD_EVERY_S = 1.0


class Calm:
    """Counts what happened, by a word for it, until it is told. A flood is not to become a flood of lines."""

    def __init__(self, tell: Callable[[str, int], None]) -> None:
        """``tell`` is told the word, and how often since it was told before."""
        self._loop = asyncio.get_running_loop()
        self._tell_one = tell
        self._untold: Counter[str] = Counter()
        self._timer: asyncio.TimerHandle | None = None

    def note(self, word: str, count: int = 1) -> None:
        """It happened, so often."""
        self._untold[word] += count
        if self._timer is None:
            self._tell()

    def _tell(self) -> None:
        self._timer = None
        untold, self._untold = self._untold, Counter()
        for word, count in untold.items():
            self._tell_one(word, count)
        if untold:
            self._timer = self._loop.call_later(TOLD_EVERY_S, self._tell)

    def close(self) -> None:
        """The end of this run: everything is told, and no timer is left."""
        self._tell()
        if self._timer is not None:
            self._timer.cancel()
