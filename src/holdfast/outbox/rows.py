"""A row of the outbox as columns of the file, and back.

On disk an expiry, and the time of accepting, are outbox time (see ``timeline``): the clock of the
session means nothing to the next process (contract 27). Properties are the bytes that MQTT 5 has for
them; none is NULL.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from typing import Any

from holdfast.codec import MalformedPacket
from holdfast.codec.packet_types import PUBLISH
from holdfast.codec.properties import decode_properties, encode_properties
from holdfast.messages import NO_PROPERTIES, Outgoing, Properties
from holdfast.outbox.keys import BASE, priority_of, seq_of
from holdfast.outbox.sqlite_file import damaged
from holdfast.outbox.timeline import Timeline

COLUMNS = (
    "id",
    "topic",
    "payload",
    "qos",
    "retain",
    "properties",
    "expires_at",
    "uncertain",
    "accepted_at",
    "tries",
)

SELECT = f"SELECT {', '.join(COLUMNS)} FROM message"

FLAT = 9
"""Columns in which new rows differ: nobody has refused or parked them yet."""

NEW = f"({', '.join('?' * FLAT)}, 0, NULL)"
"""One new row, for an INSERT."""


class RowCodec:
    """Translates between the clock of this process and outbox time."""

    __slots__ = ("timeline",)

    def __init__(self, timeline: Timeline) -> None:
        self.timeline = timeline

    def flat(self, rows: Sequence[Outgoing]) -> list[Any]:
        """The columns of all these new rows, one after the other."""
        ahead = self.timeline.ahead
        out: list[Any] = []
        for row in rows:
            properties = encode_properties(row.properties, PUBLISH) if row.properties else None
            expires = None if row.expires_at is None else row.expires_at + ahead
            out += (
                row.seq + BASE[row.priority], row.topic, row.payload, row.qos, int(row.retain),
                properties, expires, int(row.uncertain), row.accepted_at + ahead,
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
        key, topic, payload, qos, retain, properties, expires, uncertain, accepted, tries = columns
        ahead = self.timeline.ahead
        expires = None if expires is None else expires - ahead
        known = properties_of(properties)
        row = Outgoing(
            seq_of(key), topic, payload, qos, bool(retain), known, expires, bool(uncertain), priority_of(key)
        )
        row.accepted_at, row.tries = accepted - ahead, tries
        return row


def properties_of(column: bytes | None) -> Properties:
    """The properties in this column. Raises sqlite3.DatabaseError where they are none."""
    if column is None:
        return NO_PROPERTIES
    try:
        properties, _ = decode_properties(column, 0, len(column), PUBLISH)
    except MalformedPacket as error:
        raise damaged(f"properties that are none: {error}") from error
    return properties
