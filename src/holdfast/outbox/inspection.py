"""What is in an outbox file, for somebody who looks on while another process owns it.

Messages and dead letters are read a page at a time, each in a transaction of its own: a reader that
stays in one would keep the log from being emptied. So what ends meanwhile may be missing from the
later pages; nothing comes twice, and who is in flight is told as of the beginning.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Literal

from holdfast.clock import Clock
from holdfast.messages import HIGH, LOW, NORMAL, Properties, QoS
from holdfast.outbox import dead, inbound, tables
from holdfast.outbox.dead import DeadLetter
from holdfast.outbox.flight import Flight
from holdfast.outbox.intake import Held
from holdfast.outbox.keys import BASE, priority_of, seq_of, span
from holdfast.outbox.port import Ledger
from holdfast.outbox.rows import properties_of
from holdfast.outbox.tables import ENDINGS
from holdfast.outbox.timeline import Timeline
from holdfast.values import Value

PAGE = 500
"""Rows read at once."""

HELD_PAGE = 50
"""The same of those that come with their payloads."""

State = Literal["pending", "in flight", "parked"]

_SELECT = (
    "SELECT id, topic, length(payload), qos, retain, properties, expires_at,"
    " uncertain, accepted_at, tries, parked FROM message"
)

_PAGE = f"{_SELECT} WHERE id > ? AND id <= ? ORDER BY id LIMIT ?"


class Entry(Value):
    """One message that has not ended, without its payload. Times are outbox time.

    ``size``: of its payload, in bytes. ``parked``: why it is.
    """

    __match_args__ = (
        *("key", "topic", "size", "qos", "retain", "properties", "expires_at", "uncertain", "accepted_at"),
        *("tries", "parked", "flying"),
    )
    __slots__ = __match_args__

    def __init__(
        self,
        key: int,
        topic: str,
        size: int,
        qos: QoS,
        retain: bool,
        properties: Properties,
        expires_at: float | None,
        uncertain: bool,
        accepted_at: float,
        tries: int,
        parked: str | None,
        flying: bool,
    ) -> None:
        self.key = key
        self.topic = topic
        self.size = size
        self.qos: QoS = qos
        self.retain = retain
        self.properties = properties
        self.expires_at = expires_at
        self.uncertain = uncertain
        self.accepted_at = accepted_at
        self.tries = tries
        self.parked = parked
        self.flying = flying

    @property
    def seq(self) -> int:
        """Its number (``Receipt.id``)."""
        return seq_of(self.key)

    @property
    def priority(self) -> int:
        """Its class."""
        return priority_of(self.key)

    @property
    def state(self) -> State:
        """Unsent is pending; what is parked was never sent."""
        return "parked" if self.parked is not None else "in flight" if self.flying else "pending"


class Inspection:
    """The content of one file, through a connection that reads. Everything raises sqlite3.Error."""

    def __init__(self, db: sqlite3.Connection, clock: Clock) -> None:
        self._db = db
        meta, books = tables.read_meta(db), tables.read_books(db)
        self.client_id = str(meta["client_id"])
        self.group: str | None = meta.get("group")
        self._created = float(meta["created"])
        self._timeline = Timeline(clock)
        self._timeline.begin(books.at, books.wall, meta.get("boot"), meta.get("boot_offset", 0.0))

    def age(self, at: float) -> float:
        """Seconds since this outbox time."""
        return max(0.0, self._timeline.now() - at)

    def left(self, at: float) -> float:
        """Seconds until this outbox time."""
        return at - self._timeline.now()

    def since(self, wall: float) -> float:
        """Seconds since this wall time, by the clock of whoever looks."""
        return max(0.0, self._timeline.clock.wall() - wall)

    def due_in(self, held: Held) -> float:
        """Seconds until it is handled again."""
        return max(0.0, held.next_at - self._timeline.clock.now())

    def ledger(self) -> Ledger:
        """The books as committed."""
        books = tables.read_books(self._db)
        ended = {name: getattr(books, name) for name in ENDINGS}
        since = datetime.fromtimestamp(self._created, UTC)
        return Ledger(accepted=books.accepted, pending=books.accepted - books.ended, since=since, **ended)

    def entries(self) -> Iterator[Entry]:
        """What has not ended: by priority, in accept order. What is accepted from now on is not in it."""
        flight, last = self._flight(), tables.read_books(self._db).last
        for priority in (HIGH, NORMAL, LOW):
            after, end = span(priority)[0] - 1, BASE[priority] + last
            while page := self._read(_PAGE, after, end, PAGE):
                after = page[-1][0]
                yield from (_entry(columns, columns[0] in flight) for columns in page)

    def entry(self, seq: int) -> Entry | None:
        """The message with this number, if it has not ended."""
        flight = self._flight()
        found = [columns for base in BASE for columns in self._read(f"{_SELECT} WHERE id = ?", seq + base)]
        return _entry(found[0], found[0][0] in flight) if found else None

    def _flight(self) -> Flight:
        return Flight(tables.read_flight(self._db))

    def _read(self, select: str, *keys: int) -> list[tuple[Any, ...]]:
        return self._db.execute(select, keys).fetchall()

    def payload(self, entry: Entry) -> bytes | None:
        """What it carries; None: it has ended meanwhile."""
        found = self._db.execute("SELECT payload FROM message WHERE id = ?", (entry.key,)).fetchone()
        return None if found is None else bytes(found[0])

    def held(self) -> Iterator[Held]:
        """What came in and is kept, in the order of keeping; what nobody can read is left out."""
        after, ahead = 0, self._timeline.ahead
        while True:
            page, broken = inbound.read(self._db, None, after, HELD_PAGE, ahead)
            if not page and not broken:
                return
            after = max([*broken, *(held.number for held in page)])
            yield from page

    def held_count(self) -> int:
        """How many these are."""
        return sum(count for _, count, _ in inbound.totals(self._db))

    def letters(self) -> Iterator[DeadLetter]:
        """The dead letters, oldest first."""
        return dead.read(self._db)

    def letter(self, number: int) -> DeadLetter | None:
        """The dead letter with this number."""
        return next(dead.read(self._db, [number]), None)

    def letter_count(self) -> int:
        """How many dead letters there are."""
        return dead.count(self._db)


def _entry(columns: tuple[Any, ...], flying: bool) -> Entry:
    key, topic, size, qos, retain, properties, expires_at, uncertain, accepted_at, tries, parked = columns
    return Entry(
        key,
        topic,
        size,
        qos,
        bool(retain),
        properties_of(properties),
        expires_at,
        bool(uncertain),
        accepted_at,
        tries,
        parked,
        flying,
    )
