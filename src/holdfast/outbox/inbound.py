"""The table of messages that came in and are kept (``intake``), as statements.

A row stands here from ``hold`` until it was handled, and is acknowledged all that time. ``next_at`` is outbox
time, 0: at once; ``arrived`` is wall time, as the message has it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any

from holdfast.codec import MalformedPacket
from holdfast.codec.packet_types import PUBLISH
from holdfast.codec.packets import QOS
from holdfast.codec.properties import encode_properties
from holdfast.messages import OVERHEAD, QoS
from holdfast.outbox import sqlite_file
from holdfast.outbox.intake import UNCLAIMED, Held
from holdfast.outbox.rows import properties_of
from holdfast.outbox.sqlite_file import UnreadableRow
from holdfast.outbox.statements import each, of_many, run

COLUMNS = (
    "number, owner, topic, payload, qos, retain, properties, arrived, key, tries, next_at, reason, epoch,"
    " packet_id"
)

_WIDE = COLUMNS.count(",") + 1
_INSERTS = of_many(f"INSERT INTO inbound ({COLUMNS}) VALUES {{}}", f"({', '.join('?' * _WIDE)})")

Columns = tuple[Any, ...]
Range = tuple[int, int]

READ_BYTES = 4 << 20
"""Read at once, at most, but for one message."""


def columns(held: Held, ahead: float) -> Columns:
    """A message as its row; ``ahead`` is outbox time minus the clock."""
    return (
        *(held.number, held.owner, held.topic, held.payload, held.qos, held.retain),
        encode_properties(held.properties, PUBLISH) if held.properties else None,
        *(held.arrived, held.key, held.tries, at(held, ahead), held.reason, held.epoch, held.packet_id),
    )


def at(held: Held, ahead: float) -> float:
    """Its next time, as the file has it."""
    return held.next_at + ahead if held.next_at else 0.0


def add(db: sqlite3.Connection, rows: Sequence[Columns]) -> None:
    """New rows."""
    run(db, _INSERTS, [column for row in rows for column in row])


def remove(db: sqlite3.Connection, ranges: Sequence[Range]) -> list[tuple[str, int, int]]:
    """Delete these; gives of each owner how many were there, and their bytes."""
    gone = _of(db, ranges)
    each(db, f"DELETE FROM inbound WHERE {_AMONG}", ranges)
    return gone


def give(db: sqlite3.Connection, ranges: Sequence[Range], owner: str) -> list[tuple[str, int, int]]:
    """These are this owner's now, where they are still nobody's; gives what they were, as ``remove``."""
    gone = _of(db, ranges, _NOBODYS)
    taken = [(owner, *numbers) for numbers in ranges]
    each(db, f"UPDATE inbound SET owner = ? WHERE {_AMONG} AND {_NOBODYS}", taken)
    return gone


def _of(db: sqlite3.Connection, ranges: Sequence[Range], which: str = "TRUE") -> list[tuple[str, int, int]]:
    asked = f"{_TOTALS} WHERE {_AMONG} AND {which} GROUP BY owner"
    return [one for numbers in ranges for one in db.execute(asked, numbers).fetchall()]


_AMONG = "number BETWEEN ? AND ?"
_NOBODYS = f"owner = '{UNCLAIMED}'"


def totals(db: sqlite3.Connection) -> list[tuple[str, int, int]]:
    """Of each owner how many there are, and their bytes as the budget counts them."""
    return db.execute(f"{_TOTALS} GROUP BY owner").fetchall()


_TOTALS = f"SELECT owner, count(*), sum({OVERHEAD} + length(topic) + length(payload)) FROM inbound"


def last_number(db: sqlite3.Connection) -> int:
    """The highest number that was given, whether it is there or not."""
    given = db.execute("SELECT seq FROM sqlite_sequence WHERE name = 'inbound'").fetchone()
    (there,) = db.execute("SELECT max(number) FROM inbound").fetchone()
    return max(0, there or 0, given[0] if given and isinstance(given[0], int) else 0)


def read(
    db: sqlite3.Connection, owner: str | None, after: int, most: int, ahead: float
) -> tuple[list[Held], list[int]]:
    """The next of this owner, or of all; and the numbers of those passed over, as nobody can read them.

    All as of one moment: were those it is about to give deleted meanwhile, it would seem that none follows.
    """
    db.execute("BEGIN")
    try:
        return _read(db, owner, after, most, ahead)
    finally:
        db.rollback()


def _read(
    db: sqlite3.Connection, owner: str | None, after: int, most: int, ahead: float
) -> tuple[list[Held], list[int]]:
    found: list[Held] = []
    broken: list[int] = []
    left = READ_BYTES
    for number in _numbers(db, owner, after, most):
        try:
            found += _one(db, number, ahead)
        except sqlite3.Error as error:
            if not sqlite_file.is_of_one_row(error):
                raise
            broken.append(number)
            continue
        left -= found[-1].size if found else 0
        if left <= 0:
            break
    return found, broken


def _numbers(db: sqlite3.Connection, owner: str | None, after: int, most: int) -> list[int]:
    whose, given = ("", ()) if owner is None else ("owner = ? AND", (owner,))
    asked = f"SELECT number FROM inbound WHERE {whose} number > ? ORDER BY number LIMIT ?"
    found = db.execute(asked, (*given, after, most))
    return [number for (number,) in found.fetchall()]


def _one(db: sqlite3.Connection, number: int, ahead: float) -> Iterable[Held]:
    row = db.execute(f"SELECT {COLUMNS} FROM inbound WHERE number = ?", (number,)).fetchone()
    return [] if row is None else [held(row, ahead)]


def held(row: Columns, ahead: float) -> Held:
    """The message in this row. Raises UnreadableRow where that is none."""
    try:
        return _held(*row, ahead=ahead)
    except (TypeError, MalformedPacket) as error:
        raise UnreadableRow(str(error)) from error


def _held(
    number: int, owner: str, topic: str, payload: bytes, qos: QoS, retain: int,
    properties: bytes | None, arrived: float, key: str | None, tries: int, next_at: float, *rest: Any,
    ahead: float,
) -> Held:  # fmt: skip
    if type(topic) is not str or type(payload) is not bytes or qos not in QOS or type(tries) is not int:
        raise TypeError("that is no message")
    due = next_at - ahead if next_at else 0.0
    return Held(
        *(number, owner, topic, payload, qos, retain != 0, properties_of(properties), arrived + 0.0),
        *(key, tries, due, *rest),
    )
