"""Many rows in few statements.

The interpreter lets other threads run with each statement, and a busy one gives way only after
milliseconds: so rows go in by many at a time, and out by ranges.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any

AT_ONCE = (256, 16, 1)
"""Rows in one statement: the largest that fits, then the next; each is prepared once and kept."""


def of_many(statement: str, one: str) -> dict[int, str]:
    """The statement with the ``VALUES`` of so many rows in the place of its ``{}``."""
    return {many: statement.format(", ".join([one] * many)) for many in AT_ONCE}


def run(db: sqlite3.Connection, statements: dict[int, str], flat: Sequence[Any], width: int) -> None:
    """Rows of ``width`` columns, one after the other in ``flat``, through such statements."""
    place = 0
    for many in AT_ONCE:
        while len(flat) - place >= many * width:
            db.execute(statements[many], flat[place : place + many * width])
            place += many * width


def each(db: sqlite3.Connection, statement: str, arguments: Sequence[Sequence[Any]]) -> None:
    """The statement with each of these, if there are any."""
    if arguments:
        db.executemany(statement, arguments)
