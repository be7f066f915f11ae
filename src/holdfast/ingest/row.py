"""One message as one row: pure, the same for every database.

===========  ============================================================================
column       what stands in it
===========  ============================================================================
received     time of arrival here
topic        the topic name
qos          the QoS it came with
retain       whether the broker had kept it, and sent it because we subscribed
payload      text when it is UTF-8 without NUL, else the bytes
properties   MQTT 5 properties as JSON, null when there are none
{capture}    one column for each capture of the filters, null where a filter has none of it
===========  ============================================================================

An ``id`` precedes them; the database gives it, rising in the order of arrival.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from holdfast.errors import ConfigurationError
from holdfast.ingest.table import AS_IT_CAME, Column, Keep, Table
from holdfast.messages import Message, Properties
from holdfast.topics import Pattern

Value = str | int | float | bytes | datetime | None
Row = tuple[Value, ...]
"""Values in the order of a table's columns."""

# These belong to one connection or one subscription, not to the message (MQTT 5 §3.3.2.3.4, .8).
_OF_THE_LINK = frozenset({"topic_alias", "subscription_identifier"})


_TAKEN = {"id", *(column.name for column in AS_IT_CAME)}


def default_table(
    filters: Iterable[str], name: str = "messages", key: Sequence[str] = (), keep: Keep = "first"
) -> Table:
    """Messages as they came, and a column for each capture. Raises ConfigurationError."""
    captured = [Column(capture, "text", required=capture in key) for capture in capture_columns(filters)]
    return Table(name, (*AS_IT_CAME, *captured), tuple(key), keep)


def capture_columns(filters: Iterable[str]) -> tuple[str, ...]:
    """The captures of all filters, each once, in order of appearance.

    Raises ConfigurationError for an illegal filter, for a capture that is named like a column
    above, and for two that differ in case only: databases do not tell them apart.
    """
    seen: dict[str, str] = {}
    for text in filters:
        for name in Pattern(text).names:
            folded = name.lower()
            if folded in _TAKEN:
                raise ConfigurationError(
                    f"topic filter {text!r}: every row has a column {folded!r} already",
                    hint=f"give the capture another name, such as {{{name}_}}",
                )
            if seen.setdefault(folded, name) != name:
                raise ConfigurationError(
                    f"topic filter {text!r}: captures {seen[folded]!r} and {name!r} differ in case only"
                )
    return tuple(seen.values())


def to_row(message: Message, captures: Sequence[str]) -> Row:
    """The message as a row, with these captures."""
    found = message.captures
    return (*as_it_came(message), *[found.get(name) for name in captures])


def as_it_came(message: Message) -> Row:
    """The columns of ``AS_IT_CAME``."""
    return (
        message.received_at,
        message.topic,
        message.qos,
        message.retain,
        _readable(message.payload),
        properties_json(message.properties),
    )


def timestamp(at: datetime) -> str:
    """RFC 3339 in UTC with milliseconds, as ``2026-11-21T05:00:00.000Z``."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def _readable(payload: bytes) -> str | bytes:
    """Text where it can be text: databases search, compare and show it as what it is."""
    if b"\0" in payload:
        return payload
    try:
        return payload.decode()
    except UnicodeDecodeError:
        return payload


def properties_json(properties: Properties) -> str | None:
    """The message's own properties; bytes as base64 (RFC 4648), user properties as pairs."""
    own = {name: _plain(value) for name, value in properties.items() if name not in _OF_THE_LINK}
    return json.dumps(own, ensure_ascii=False, separators=(",", ":")) if own else None


def _plain(value: object) -> object:
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value
