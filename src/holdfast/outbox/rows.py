"""A row of the outbox as columns of the file, and back.

On disk an expiry, and the time of accepting, are outbox time (see ``timeline``): the clock of the
session means nothing to the next process (contract 27). Properties are the bytes that MQTT 5 has for
them; none is NULL.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from holdfast.codec import MalformedPacket
from holdfast.codec.packet_types import PUBLISH
from holdfast.codec.packets import QOS
from holdfast.codec.properties import decode_properties, encode_properties
from holdfast.messages import NO_PROPERTIES, Outgoing, Properties
from holdfast.outbox.keys import BASE, priority_of
from holdfast.outbox.sqlite_file import UnreadableRow
from holdfast.outbox.steps import MESSAGE
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

SMALL_BYTES = 4096
"""Payloads up to this size are copied: ``sqlite3`` looks for an adapter for every value that is bytes or
None, at a third of a microsecond, and for a bytearray it does not."""


class RowCodec:
    """Translates between the clock of this process and outbox time."""

    __slots__ = ("timeline",)

    def __init__(self, timeline: Timeline) -> None:
        self.timeline = timeline

    def flat(self, rows: Sequence[Outgoing]) -> list[Any]:
        """All these new rows as steps (see ``steps``), one after the other."""
        ahead = self.timeline.ahead
        steps: list[Any] = []
        for row in rows:
            payload = row.payload
            data = bytearray(payload) if len(payload) <= SMALL_BYTES else payload
            retain = 1 if row.retain else 0
            key = row.seq + BASE[row.priority]
            steps += (MESSAGE, key, row.topic, data, row.qos, retain, row.accepted_at + ahead)
            steps.append(encode_properties(row.properties, PUBLISH) if row.properties else 0)
            steps.append("" if row.expires_at is None else row.expires_at + ahead)
        return steps

    def row(self, columns: Sequence[Any]) -> Outgoing:
        """The row that these columns (``SELECT``) describe. Raises UnreadableRow where that is none."""
        try:
            return self._row(columns)
        except (TypeError, MalformedPacket) as error:
            raise UnreadableRow(str(error)) from error

    def _row(self, columns: Sequence[Any]) -> Outgoing:
        key, topic, payload, qos, retain, properties, expires, uncertain, accepted, tries = columns
        if type(payload) is not bytes or qos not in QOS or "#" in topic or "+" in topic or "\0" in topic:
            raise TypeError("nobody can publish that")
        ahead, priority = self.timeline.ahead, priority_of(key)
        row = Outgoing(
            key - BASE[priority],
            topic,
            payload,
            qos,
            retain != 0,
            NO_PROPERTIES if properties is None else properties_of(properties),
            None if expires is None else expires - ahead,
            uncertain != 0,
            priority,
        )
        row.accepted_at, row.tries = accepted - ahead, tries
        return row


def properties_of(column: bytes | None) -> Properties:
    """The properties in this column. Raises MalformedPacket, TypeError where they are none."""
    if column is None:
        return NO_PROPERTIES
    properties, _ = decode_properties(column, 0, len(column), PUBLISH)
    return properties
