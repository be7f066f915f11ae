"""What a commit writes, as steps: and a usual commit is one statement.

The interpreter lets other threads run with each statement, and a busy one gives way only after
milliseconds. A commit of ten statements next to a busy loop would wait for it ten times; so a step is a
row that is put into a view, whose triggers do what the row says, and one INSERT does them all. Outside of
a transaction SQLite commits it by itself: that makes BEGIN and COMMIT part of the same statement.

========  =============================================  ==========================================
step      columns                                        does
========  =============================================  ==========================================
MESSAGE   key, topic, payload, qos, retain, accepted_at,  a new row of ``message``; 0 and "" where it has
          properties, expires_at                         none: a NULL costs more to hand over
LINE      number, stage, entries                         a new line of ``flight``
ENDED     first, last                                    these keys are deleted from ``message``
EMPTIED   first, last                                    these lines are deleted from ``flight``
HOLD      kind, identifier                               into ``ids``; RELEASE takes it out again
ENDINGS   the first six of the books                     they are these from now on
PLACE     the other six                                  the same
========  =============================================  ==========================================
"""

from __future__ import annotations

import sqlite3
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from typing import Any

from holdfast.outbox.tables import Books

MESSAGE, LINE, ENDED, EMPTIED, HOLD, RELEASE, ENDINGS, PLACE = range(8)

_COLUMNS = "abcdefgh"
_WIDE = 1 + len(_COLUMNS)
_NOTHING = (-1, *[0] * len(_COLUMNS))

_BOOKS = Books.__match_args__
_HALF = len(_BOOKS) // 2


def _set(names: Sequence[str]) -> str:
    return ", ".join(f"{name} = new.{column}" for name, column in zip(names, _COLUMNS, strict=False))


_DOES = {
    MESSAGE: "INSERT INTO message VALUES (new.a, new.b, new.c, new.d, new.e,"
    " nullif(new.g, 0), nullif(new.h, ''), 0, new.f, 0, NULL)",
    LINE: "INSERT INTO flight VALUES (new.a, new.b, new.c)",
    ENDED: "DELETE FROM message WHERE id BETWEEN new.a AND new.b",
    EMPTIED: "DELETE FROM flight WHERE number BETWEEN new.a AND new.b",
    HOLD: "INSERT OR IGNORE INTO ids VALUES (new.a, new.b)",
    RELEASE: "DELETE FROM ids WHERE kind = new.a AND packet_id = new.b",
    ENDINGS: f"UPDATE books SET {_set(_BOOKS[:_HALF])}",
    PLACE: f"UPDATE books SET {_set(_BOOKS[_HALF:])}",
}

SIZES = (2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256)
"""Steps in one statement: the smallest that holds them, filled up with steps that do nothing; each text is
prepared once and kept."""

_ROW = f"({', '.join('?' * _WIDE)})"
_TEXTS = [f"INSERT INTO step VALUES {', '.join([_ROW] * size)}" for size in SIZES]


def prepare(db: sqlite3.Connection) -> None:
    """Make the view and its triggers; they are this connection's own, and not in the file."""
    db.execute("PRAGMA temp_store=MEMORY")
    db.execute(f"CREATE TEMP VIEW step AS SELECT 0 AS kind, {', '.join(f'0 AS {one}' for one in _COLUMNS)}")
    for kind, does in _DOES.items():
        when = f"INSTEAD OF INSERT ON step WHEN new.kind = {kind}"
        db.execute(f"CREATE TEMP TRIGGER step_{kind} {when} BEGIN {does}; END")


class Steps:
    """The steps of one commit, in their order. Raises sqlite3.Error."""

    __slots__ = ("_flat", "db")

    def __init__(self, db: sqlite3.Connection) -> None:
        self.db = db
        self._flat: list[Any] = []

    def messages(self, flat: list[Any]) -> None:
        """New rows, as ``RowCodec.flat`` gives them."""
        self._flat += flat

    def line(self, number: int, stage: int, entries: bytes) -> None:
        """A new line of ``flight``."""
        self._flat += (LINE, number, stage, entries, 0, 0, 0, 0, 0)

    def pairs(self, kind: int, pairs: Iterable[tuple[int, int]]) -> None:
        """A step of this kind, of those with two columns, for each pair."""
        for first, last in pairs:
            self._flat += (kind, first, last, 0, 0, 0, 0, 0, 0)

    def books(self, books: Books) -> None:
        """The books, as they are now."""
        values = books.values()
        self._flat += (ENDINGS, *values[:_HALF], 0, 0, PLACE, *values[_HALF:], 0, 0)

    def begin(self) -> None:
        """Do what is there, and what follows, in one transaction with statements of others."""
        if not self.db.in_transaction:
            self.db.execute("BEGIN IMMEDIATE")
        self._run()

    def commit(self) -> None:
        """All of them, or none."""
        if len(self._flat) > SIZES[-1] * _WIDE:
            self.begin()
        self._run()
        if self.db.in_transaction:
            self.db.execute("COMMIT")

    def _run(self) -> None:
        flat, self._flat = self._flat, []
        for place in range(0, len(flat), SIZES[-1] * _WIDE):
            some = flat[place : place + SIZES[-1] * _WIDE]
            count = len(some) // _WIDE
            size = bisect_left(SIZES, count)
            some += _NOTHING * (SIZES[size] - count)
            self.db.execute(_TEXTS[size], some)
