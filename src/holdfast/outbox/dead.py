"""Dead letters: messages that were refused for good, kept for whoever looks after them.

Those that were to go out are counted under ``failed`` already, so they are not pending; those that came in
have an owner, who refused them. None counts against a budget. There are ``MOST`` at most: the
oldest give way. Numbers are never given again.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from holdfast import reasons
from holdfast.messages import NORMAL, Properties, QoS
from holdfast.outbox import inbound
from holdfast.outbox.intake import Held
from holdfast.outbox.rows import properties_of
from holdfast.outbox.statements import each, of_many, run
from holdfast.values import Value

MOST = 10_000

log = logging.getLogger("holdfast")

Entry = tuple[int, int, int, float, int, str, int]
"""Key, sequence number and priority of the row; when it died (outbox time), reason code, sentence, tries."""

_SHARED = "seq, topic, payload, qos, retain, properties, priority, accepted_at, died_at, code, reason, tries"

COLUMNS = f"{_SHARED}, owner, key"

_INSERTS = of_many(
    "WITH gone (id, seq, priority, died_at, code, reason, tries) AS (VALUES {})"
    f" INSERT INTO dead ({_SHARED})"
    " SELECT gone.seq, topic, payload, qos, retain, properties, priority, accepted_at, died_at, code,"
    " reason, gone.tries FROM gone JOIN message USING (id)",
    "(?, ?, ?, ?, ?, ?, ?)",
)


_TAKE_IN = of_many(
    f"INSERT INTO dead ({COLUMNS}) VALUES {{}}", f"({', '.join('?' * (COLUMNS.count(',') + 1))})"
)

Refused = tuple[int, str, Held]
"""Code, reason, and the message that came in."""


class DeadLetter(Value):
    """One message that failed. Times are outbox time; ``reason`` is the sentence for ``code``.

    ``owner``: who refused it, if it came in; then ``seq`` is the number it was kept under, or 0,
    ``accepted_at`` when it came, and ``key`` its ordering key.
    """

    __match_args__ = (
        *("number", "seq", "topic", "payload", "qos", "retain", "properties", "priority"),
        *("accepted_at", "died_at", "code", "reason", "tries", "owner", "key"),
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
        owner: str | None = None,
        key: str | None = None,
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
        self.owner = owner
        self.key = key


class Letters:
    """How many there are, so that the oldest give way to new ones."""

    __slots__ = ("_count",)

    def __init__(self) -> None:
        self._count: int | None = None  # not counted yet

    def come(self, db: sqlite3.Connection, many: int, add: Callable[[], None]) -> None:
        """So many new ones, which are there once ``add`` has returned."""
        before = count(db) if self._count is None else self._count
        add()
        over = before + many - MOST
        if over > 0:
            trim(db, over)
            log.warning("%d of the oldest dead letters were deleted: %d are kept", over, MOST)
        self._count = before + many - max(0, over)

    def went(self) -> None:
        """Some are there no more."""
        self._count = None


def sentence(code: int, detail: str) -> str:
    """What a reason code means, and what was said beside it."""
    return f"{reasons.name(code)}: {detail}" if detail else reasons.name(code)


def add(db: sqlite3.Connection, entries: Sequence[Entry]) -> None:
    """Copies of these rows, which still have their place in the outbox."""
    run(db, _INSERTS, [column for entry in entries for column in entry])


def take_in(db: sqlite3.Connection, refused: Sequence[Refused], at: float, ahead: float) -> None:
    """Messages that came in, at this outbox time; ``ahead`` is that minus wall time."""
    flat: list[Any] = []
    for code, reason, held in refused:
        _, owner, *message, _, key, tries, _, _, _, _ = inbound.columns(held, 0.0)
        flat += (held.number, *message, NORMAL, held.arrived + ahead, at, code, reason, tries, owner, key)
    run(db, _TAKE_IN, flat)


def hand_back(db: sqlite3.Connection, pairs: Sequence[tuple[int, int]], ahead: float) -> None:
    """Those that came in are kept again: the number of each, and the one it is kept under."""
    each(
        db,
        f"INSERT INTO inbound ({inbound.COLUMNS}) SELECT ?, owner, topic, payload, qos, retain, properties,"
        " accepted_at - ?, key, 0, 0, reason, 0, 0 FROM dead WHERE number = ?",
        [(number, ahead, letter) for letter, number in pairs],
    )
    remove(db, [letter for letter, _ in pairs])


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


def inward(db: sqlite3.Connection) -> set[int]:
    """The numbers of those that came in."""
    return {number for (number,) in db.execute("SELECT number FROM dead WHERE owner IS NOT NULL")}


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
