"""Dead letters: messages that were refused for good, kept for whoever looks after them.

They are counted under ``failed`` already, so they are not pending and count against no budget. There
are ``MOST`` at most: the oldest give way. Numbers are never given again.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from holdfast import reasons
from holdfast.messages import Properties, QoS
from holdfast.outbox.rows import properties_of
from holdfast.outbox.statements import each, of_many, run
from holdfast.values import Value

MOST = 10_000

Entry = tuple[int, int, int, float, int, str, int]
"""Key, sequence number and priority of the row; when it died (outbox time), reason code, sentence, tries."""

COLUMNS = "seq, topic, payload, qos, retain, properties, priority, accepted_at, died_at, code, reason, tries"

_INSERTS = of_many(
    "WITH gone (id, seq, priority, died_at, code, reason, tries) AS (VALUES {})"
    f" INSERT INTO dead ({COLUMNS})"
    " SELECT gone.seq, topic, payload, qos, retain, properties, priority, accepted_at, died_at, code,"
    " reason, gone.tries FROM gone JOIN message USING (id)",
    "(?, ?, ?, ?, ?, ?, ?)",
)


class DeadLetter(Value):
    """One message that failed. Times are outbox time; ``reason`` is the sentence for ``code``."""

    __match_args__ = (
        *("number", "seq", "topic", "payload", "qos", "retain", "properties", "priority"),
        *("accepted_at", "died_at", "code", "reason", "tries"),
    )
    __slots__ = __match_args__

    def __init__(
        self,
        number: int,
        seq: int,
        topic: str,
        payload: bytes,
        qos: QoS,
        retain: bool,
        properties: Properties,
        priority: int,
        accepted_at: float,
        died_at: float,
        code: int,
        reason: str,
        tries: int,
    ) -> None:
        self.number = number
        self.seq = seq
        self.topic = topic
        self.payload = payload
        self.qos: QoS = qos
        self.retain = retain
        self.properties = properties
        self.priority = priority
        self.accepted_at = accepted_at
        self.died_at = died_at
        self.code = code
        self.reason = reason
        self.tries = tries


def sentence(code: int, detail: str) -> str:
    """What a reason code means, and what was said beside it."""
    return f"{reasons.name(code)}: {detail}" if detail else reasons.name(code)


def add(db: sqlite3.Connection, entries: Sequence[Entry]) -> None:
    """Copies of these rows, which still have their place in the outbox."""
    run(db, _INSERTS, [column for entry in entries for column in entry])


def revive(db: sqlite3.Connection, letters: Sequence[tuple[int, float, int]]) -> None:
    """New messages that are copies of dead letters: the key, when it is accepted, and the number of each."""
    each(
        db,
        "INSERT INTO message SELECT ?, topic, payload, qos, retain, properties, NULL, 0, ?, 0, NULL"
        " FROM dead WHERE number = ?",
        letters,
    )


def trim(db: sqlite3.Connection, over: int) -> None:
    """Delete so many of the oldest."""
    db.execute("DELETE FROM dead WHERE number IN (SELECT number FROM dead ORDER BY number LIMIT ?)", (over,))


def remove(db: sqlite3.Connection, numbers: Sequence[int]) -> None:
    """Delete these."""
    db.executemany("DELETE FROM dead WHERE number = ?", [(number,) for number in numbers])


def count(db: sqlite3.Connection) -> int:
    """How many there are."""
    (found,) = db.execute("SELECT count(*) FROM dead").fetchone()
    return int(found)


def numbers(db: sqlite3.Connection) -> list[int]:
    """The numbers of all, oldest first."""
    return [number for (number,) in db.execute("SELECT number FROM dead ORDER BY number")]


def read(db: sqlite3.Connection, wanted: Iterable[int] | None = None) -> Iterator[DeadLetter]:
    """Those of these numbers that there are, or all, oldest first. Read to the end, or close it."""
    for number in numbers(db) if wanted is None else wanted:
        columns = db.execute(f"SELECT number, {COLUMNS} FROM dead WHERE number = ?", (number,)).fetchone()
        if columns is not None:
            yield _letter(*columns)


def _letter(
    number: int,
    seq: int,
    topic: str,
    payload: bytes,
    qos: QoS,
    retain: int,
    properties: bytes | None,
    *rest: Any,
) -> DeadLetter:
    return DeadLetter(number, seq, topic, payload, qos, bool(retain), properties_of(properties), *rest)
