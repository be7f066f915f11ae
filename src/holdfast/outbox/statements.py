"""Many rows in few statements.

The interpreter lets other threads run with each statement, and a busy one gives way only after
milliseconds: so rows go in by many at a time, and out by ranges.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any, NamedTuple

AT_ONCE = tuple(1 << power for power in range(8, -1, -1))
"""Rows in one statement: the largest that fits, then the next; each is prepared once and kept."""


class Many(NamedTuple):
    """One statement for many rows, in all its sizes."""

    columns: int
    texts: dict[int, str]


def of_many(statement: str, one: str) -> Many:
    """The statement with the ``VALUES`` of so many rows in the place of its ``{}``."""
    texts = {many: statement.format(", ".join([one] * many)) for many in AT_ONCE}
    return Many(one.count("?"), texts)


def run(db: sqlite3.Connection, statement: Many, flat: Sequence[Any]) -> None:
    """Rows, one after the other in ``flat``, through such statements."""
    place = 0
    for many, text in statement.texts.items():
        wide = many * statement.columns
        while len(flat) - place >= wide:
            db.execute(text, flat[place : place + wide])
            place += wide


def each(db: sqlite3.Connection, statement: str, arguments: Sequence[Sequence[Any]]) -> None:
    """The statement with each of these, if there are any."""
    if arguments:
        db.executemany(statement, arguments)
