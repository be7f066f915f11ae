"""From messages to rows: what an ingest does with each message, whatever the database.

===============  ==========================================================================
without columns  the message as it came, and a column for each capture (``row``)
with columns     what each column's definition takes out of it (``columns``); the payload is
                 read as JSON once, if at all, and what does not fit goes to the quarantine
===============  ==========================================================================
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Protocol

from holdfast.errors import ConfigurationError, PayloadError
from holdfast.handling.sources import Reading
from holdfast.ingest.columns import getter, parse
from holdfast.ingest.errors import Misfit
from holdfast.ingest.row import Row, capture_columns, default_table, to_row
from holdfast.ingest.table import Keep, Table
from holdfast.messages import Message
from holdfast.topics import Pattern, overlap


class Mapper(Protocol):
    """Messages of ``filters`` as rows of ``table``."""

    filters: tuple[str, ...]
    table: Table

    def row(self, message: Message) -> Row:
        """Raises Misfit."""


class AsItCame:
    """A ``Mapper`` that every message fits, but for one without a capture of the key."""

    def __init__(self, filters: Sequence[str], table: str, key: Sequence[str], keep: Keep) -> None:
        """Raises ConfigurationError."""
        self.filters = tuple(filters)
        self.table = default_table(self.filters, table, key, keep)
        self._captures = capture_columns(self.filters)
        self._needed = [name for name in self._captures if name in key]

    def row(self, message: Message) -> Row:
        """See ``Mapper``."""
        for name in self._needed:
            if name not in message.captures:
                raise Misfit(f"{name}: {{{name}}} is missing")
        return to_row(message, self._captures)


class Columns:
    """A ``Mapper`` of definitions. A column of the key is required: what has no key cannot be known again."""

    def __init__(
        self,
        filters: Sequence[str],
        table: str,
        columns: Mapping[str, str],
        key: Sequence[str],
        keep: Keep,
    ) -> None:
        """``columns``: definitions by name. Raises ConfigurationError."""
        self.filters = tuple(filters)
        captures = {name for text in self.filters for name in Pattern(text).names}
        definitions = [parse(name, text, required=name in key) for name, text in columns.items()]
        self._getters = [getter(definition, sorted(captures)) for definition in definitions]
        self.table = Table(table, [definition.column for definition in definitions], tuple(key), keep)

    def row(self, message: Message) -> Row:
        """See ``Mapper``."""
        reading = Reading(message)
        try:
            return tuple([get(reading) for get in self._getters])
        except PayloadError as error:
            raise Misfit(str(error)) from error


def mapper(
    topic: str | Sequence[str],
    *,
    table: str = "messages",
    columns: Mapping[str, str] | None = None,
    key: Sequence[str] = (),
    keep: Keep = "first",
) -> Mapper:
    """What ``Ingest`` was told, as the mapper of it. Raises ConfigurationError."""
    filters = (topic,) if isinstance(topic, str) else tuple(topic)
    if not filters:
        raise ConfigurationError("ingest without a topic filter", hint="name at least one")
    if isinstance(key, str):
        raise ConfigurationError(f"key is a list of columns, not {key!r}", hint=f"key=[{key!r}]")
    _check_apart(filters)
    if columns is None:
        return AsItCame(filters, table, key, keep)
    return Columns(filters, table, columns, key, keep)


def _check_apart(filters: Sequence[str]) -> None:
    """A broker may send a copy of a message for each filter that it matches, and each would be a row."""
    for one, other in combinations(map(Pattern, filters), 2):
        if overlap(one.filter, other.filter):
            raise ConfigurationError(
                f"topic filters {one.text!r} and {other.text!r} overlap: a message of both may come twice",
                hint="name the wider one alone, or give them two ingests, each with a table of its own",
            )
