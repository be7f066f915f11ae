"""The unsent rows of one priority class, those in memory, in accept order."""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from collections.abc import Sequence
from operator import attrgetter

from holdfast.messages import Outgoing

SPARSE = 500
"""Rows that ended within the line, and are in it still: so many at least before it is written anew."""

_seq = attrgetter("seq")


class Line:
    """One class. Not for two threads at once.

    ``rows`` are as they were accepted; ``back`` are older ones that came back, and go first. ``gone``
    are the sequence numbers of those in ``rows`` that ended meanwhile: taking a row out of the middle
    would cost as much as the line is long. ``held``: only ``back`` may go. ``time``: see ``taking``.
    """

    __slots__ = ("back", "gone", "held", "priority", "rows", "time")

    def __init__(self, priority: int) -> None:
        self.priority = priority
        self.rows: deque[Outgoing] = deque()
        self.back: deque[Outgoing] = deque()
        self.gone: set[int] = set()
        self.held = False
        self.time = 0

    def __len__(self) -> int:
        return len(self.back) + len(self.rows) - len(self.gone)

    @property
    def plain(self) -> bool:
        """Whether all of it may go, from the left, without a second look."""
        return not (self.back or self.gone or self.held)

    def head(self) -> Outgoing | None:
        """The oldest row."""
        if self.back:
            return self.back[0]
        self.tidy()
        return self.rows[0] if self.rows else None

    def tidy(self) -> None:
        """Let go of those in front that are gone."""
        rows, gone = self.rows, self.gone
        while gone and rows[0].seq in gone:
            gone.discard(rows.popleft().seq)

    def next(self, room: int) -> Outgoing | None:
        """The row that may go now, where there is room for so many of QoS 1 and 2."""
        row = self.head() if self.back or not self.held else None
        return row if row is None or room > 0 or not row.qos else None

    def pop(self) -> Outgoing:
        """Take the oldest row, which is there."""
        self.head()
        return self.back.popleft() if self.back else self.rows.popleft()

    def come_back(self, rows: Sequence[Outgoing]) -> None:
        """These go before all others, in accept order."""
        merged = sorted([*self.back, *rows], key=_seq)
        self.back.clear()
        self.back.extend(merged)

    def find(self, seq: int) -> Outgoing | None:
        """The row of this number, if it is here."""
        for rows in (self.back, self.rows):
            place = _place(rows, seq)
            if place < len(rows) and rows[place].seq == seq:
                return None if rows is self.rows and seq in self.gone else rows[place]
        return None

    def pull(self, seq: int) -> Outgoing | None:
        """Take the row of this number out, wherever it stands."""
        row = self.find(seq)
        if row is not None:
            place = _place(self.back, seq)
            if place < len(self.back) and self.back[place] is row:
                del self.back[place]
            else:
                self._lose(seq)
        return row

    def _lose(self, seq: int) -> None:
        gone, rows = self.gone, self.rows
        gone.add(seq)
        if len(gone) > max(SPARSE, len(rows) // 2):
            left = [row for row in rows if row.seq not in gone]
            rows.clear()
            rows.extend(left)
            gone.clear()


def _place(rows: deque[Outgoing], seq: int) -> int:
    """Where this number stands or would stand; looked for from the left, where it is cheap and likely."""
    count, step = len(rows), 16
    while step < count and rows[step].seq < seq:
        step *= 2
    return bisect_left(rows, seq, step // 2 if step > 16 else 0, min(step + 1, count), key=_seq)
