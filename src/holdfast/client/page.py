"""How messages ended, by sequence number: on pages, which are there while somebody holds a receipt of one."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Literal
from weakref import ref

from holdfast.errors import PublishFailed

State = Literal["submitted", "pending", "acknowledged", "sent", "failed", "expired", "dropped"]

STATES: tuple[State, ...] = ("pending", "acknowledged", "sent", "failed", "expired", "dropped")
"""What the bytes of a page mean."""

PENDING, ACKNOWLEDGED = 0, 1

SIZE = 128
"""Messages on a page."""

CODES: dict[State, int] = {state: code for code, state in enumerate(STATES)}
_RUNS: dict[State, bytes] = {state: bytes([code]) * SIZE for state, code in CODES.items()}

SWEEP = 64
"""References to pages that are gone, at the most, beside two for each page that is there."""

_NONE: frozenset[int] = frozenset()


class Page:
    """The messages from number ``first`` on, receipt or not: what became of each.

    ``failures`` makes the errors of those that failed, ``uncertain`` are those that were sent again to a
    broker that had forgotten the session, both by their place. Each place may be marked on any thread.
    """

    __slots__ = ("__weakref__", "failures", "first", "states", "uncertain")

    def __init__(self, first: int) -> None:
        self.first = first
        self.states = bytearray(SIZE)
        self.failures: dict[int, Callable[[], PublishFailed]] = {}
        self.uncertain = _NONE


class Pages:
    """All pages of a client's messages, held weakly, but for the newest.

    ``at`` is for one call at a time, everything else for any thread at any time.
    """

    def __init__(self) -> None:
        self._pages: dict[int, Callable[[], Page | None]] = {}
        self.newest = Page(-SIZE)
        self._most = SWEEP

    def __len__(self) -> int:
        return len(self._pages)

    def at(self, seq: int) -> Page:
        """The page of a number that is about to be given."""
        page = self.find(seq) or self._add(seq - seq % SIZE)
        self.newest = page
        return page

    def _add(self, first: int) -> Page:
        page = Page(first)
        self._pages[first] = ref(page)
        if len(self._pages) > self._most:
            self._pages = {known: found for known, found in self._pages.items() if found() is not None}
            self._most = 2 * len(self._pages) + SWEEP
        return page

    def find(self, seq: int) -> Page | None:
        """The page of this number, unless nobody can ask for it any more."""
        return self._pages.get(seq - seq % SIZE, _gone)()

    def mark(self, first: int, end: int, state: State) -> None:
        """All from ``first`` up to ``end`` ended so."""
        pages, run = self._pages, _RUNS[state]
        while first < end:
            start = first % SIZE
            first -= start
            page = pages.get(first, _gone)()
            if page is not None:
                stop = min(SIZE, end - first)
                page.states[start:stop] = run[start:stop]
            first += SIZE

    def mark_each(self, seqs: Iterable[int], state: State) -> None:
        """These ended so."""
        pages, code, first = self._pages, CODES[state], -1
        page: Page | None = None
        for seq in seqs:
            place = seq % SIZE
            if seq - place != first:
                first = seq - place
                page = pages.get(first, _gone)()
            if page is not None:
                page.states[place] = code


def _gone() -> None:
    """A reference that leads nowhere."""
