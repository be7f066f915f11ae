"""A row of the outbox as columns of the file, and back.

On disk an expiry is wall time: the clock of the session means nothing to the next process
(contract 27). Properties are the bytes that MQTT 5 has for them; none is NULL.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from typing import Any

from holdfast.clock import Clock
from holdfast.codec.packet_types import PUBLISH
from holdfast.codec.properties import decode_properties, encode_properties
from holdfast.messages import NO_PROPERTIES, Outgoing

COLUMNS = (
    "seq",
    "topic",
    "payload",
    "qos",
    "retain",
    "properties",
    "expires_at",
    "uncertain",
    "accepted_at",
)

SELECT = f"SELECT {', '.join(COLUMNS[:-1])} FROM message"


class RowCodec:
    """Translates between the clock of this process and the wall."""

    __slots__ = ("_clock",)

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def flat(self, rows: Sequence[Outgoing]) -> list[Any]:
        """The columns of all these rows, one after the other."""
        wall = self._clock.wall()
        ahead = wall - self._clock.now()
        out: list[Any] = []
        for row in rows:
            properties = encode_properties(row.properties, PUBLISH) if row.properties else None
            expires = None if row.expires_at is None else row.expires_at + ahead
            out += (
                row.seq, row.topic, row.payload, row.qos, int(row.retain),
                properties, expires, int(row.uncertain), wall,
            )  # fmt: skip
        return out

    def read(self, db: sqlite3.Connection, after: int) -> Iterator[Outgoing]:
        """The rows above this sequence number, in order. Raises sqlite3.Error."""
        cursor = db.execute(f"{SELECT} WHERE seq > ? ORDER BY seq", (after,))
        try:
            for columns in cursor:
                yield self.row(columns)
        finally:
            cursor.close()  # an open statement would keep the log from being emptied

    def row(self, columns: Sequence[Any]) -> Outgoing:
        """The row that these columns (``SELECT``) describe."""
        seq, topic, payload, qos, retain, properties, expires, uncertain = columns
        known = NO_PROPERTIES
        if properties is not None:
            known, _ = decode_properties(properties, 0, len(properties), PUBLISH)
        if expires is not None:
            expires += self._clock.now() - self._clock.wall()
        return Outgoing(seq, topic, payload, qos, bool(retain), known, expires, bool(uncertain))
