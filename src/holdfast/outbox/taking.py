"""How much of what waits is taken at once, about one good write; and which class goes next (contract 8).

While rows of several classes wait they share what is taken, row by row. Each class has a clock that goes
on by its step with each of its rows, and the one that is most behind goes next. A class that had nothing
to give does not come back with time saved up: so a high row goes next when it comes, whatever waits
already, and the low ones are never starved.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from itertools import repeat, starmap
from typing import TYPE_CHECKING

from holdfast.messages import Outgoing

if TYPE_CHECKING:
    from holdfast.outbox.line import Line

TAKEN_BYTES = 512 * 1024
"""Taken at once, about: a socket takes no more, and what it leaves is copied again and again."""

STEPS = (12, 4, 1)
"""What a row costs its class: low, normal, high. So they share 1 : 3 : 12 while all of them wait."""


def fitting(rows: deque[Outgoing], count: int) -> int:
    """How many of the first ``count`` rows make one good write; one at least."""
    left = TAKEN_BYTES
    for place in range(count):  # no iterator: another thread may append meanwhile
        if left <= 0:
            return place
        left -= rows[place].size
    return count


def first_of(rows: deque[Outgoing], room: int, large: bool) -> list[Outgoing]:
    """Take ``room`` rows from the left, if there are so many; ``large``: that may be too much at once."""
    count = min(room, len(rows))
    if large:
        count = fitting(rows, count)
    if count == len(rows):
        taken = list(rows)
        rows.clear()
        return taken
    return list(starmap(rows.popleft, repeat((), count)))


class Turns:
    """Whose turn it is, over all that is taken of these classes, low first."""

    def __init__(self, lines: Sequence[Line]) -> None:
        self._lines = lines
        self._time = 0

    def take(self, room: int) -> list[Outgoing]:
        """The next rows: at most ``room`` of QoS 1 and 2, and those of QoS 0."""
        rows: list[Outgoing] = []
        left, able = TAKEN_BYTES, self._able(room)
        while able and left > 0:
            line = able[0] if len(able) == 1 else self._next(able)
            row = line.pop()
            rows.append(row)
            left -= row.size
            room -= row.qos > 0
            if room <= 0 or line.next(room) is None:
                able = self._able(room)
        return rows

    def _able(self, room: int) -> list[Line]:
        """The classes that may give a row now, high first."""
        return [line for line in reversed(self._lines) if line.next(room) is not None]

    def _next(self, lines: Sequence[Line]) -> Line:
        for line in lines:
            line.time = max(line.time, self._time)
        first = min(lines, key=_time)
        self._time = first.time
        first.time += STEPS[first.priority]
        return first


def _time(line: Line) -> int:
    return line.time
