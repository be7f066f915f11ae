"""How much of what waits is taken at once, about one good write; and which class goes next (contract 8).

While rows of several classes wait they share what is taken, row by row: each class is given its share
of a row, and the one that is owed most pays for all. So a high row goes next when it comes, whatever
waits already, and the low ones are never starved.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from itertools import repeat, starmap

from holdfast.messages import Outgoing
from holdfast.outbox.line import Line

TAKEN_BYTES = 512 * 1024
"""Taken at once, about: a socket takes no more, and what it leaves is copied again and again."""

WEIGHTS = (1, 3, 12)
"""The share of a class while others wait too: low, normal, high."""


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


def share(lines: Sequence[Line], room: int) -> list[Outgoing]:
    """Take rows of these classes, low first: at most ``room`` of QoS 1 and 2, and those of QoS 0."""
    rows: list[Outgoing] = []
    left, able = TAKEN_BYTES, _able(lines, room)
    while able and left > 0:
        line = able[0] if len(able) == 1 else _turn(able)
        row = line.pop()
        rows.append(row)
        left -= row.size
        room -= row.qos > 0
        if room <= 0 or line.next(room) is None:
            able = _able(lines, room)
    return rows


def _able(lines: Sequence[Line], room: int) -> list[Line]:
    """The classes that may give a row now, high first."""
    return [line for line in reversed(lines) if line.next(room) is not None]


def _turn(lines: Sequence[Line]) -> Line:
    """The class that goes next."""
    for line in lines:
        line.credit += WEIGHTS[line.priority]
    most = max(lines, key=_credit)
    most.credit -= sum([WEIGHTS[line.priority] for line in lines])
    return most


def _credit(line: Line) -> int:
    return line.credit
