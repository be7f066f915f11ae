"""What an ingest is told: a table ``[[ingest]]`` of the file, or flags; where both speak, the flags."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from holdfast.cli.settings.keys import KEYS, Key, setting
from holdfast.cli.settings.kinds import NUMBER, SOME, TABLE, TEXT, TEXTS, WHOLE
from holdfast.cli.settings.setting import TYPED, blamed, refused
from holdfast.client import Client
from holdfast.errors import ConfigurationError
from holdfast.ingest import Ingest, Sink
from holdfast.ingest.mapper import mapper
from holdfast.ingest.table import Keep
from holdfast.ingest.target import sink_for
from holdfast.messages import QoS

INGEST: Mapping[str, Key] = {
    "topic": Key(SOME),
    "into": Key(TEXT, hidden=True),
    "table": Key(TEXT),
    "columns": Key(TABLE),
    "key": Key(TEXTS),
    "keep": Key(TEXT),
    "share": Key(TEXT),
    "qos": Key(WHOLE),
    "batch": Key(WHOLE),
    "batch_wait_s": Key(NUMBER),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class IngestOptions:
    """What goes where; the names are those of ``Ingest``."""

    topic: str | Sequence[str]
    into: str
    table: str = "messages"
    columns: Mapping[str, str] | None = None
    key: Sequence[str] = ()
    keep: Keep = "first"
    share: str | None = None
    qos: QoS = 1
    batch: int = 500
    batch_wait_s: float = 0.01

    def check(self) -> None:
        """Raises ConfigurationError: an Ingest is not made of this."""
        Ingest(Client(), **self.keywords())

    def keywords(self) -> dict[str, Any]:
        """As ``Ingest`` takes them."""
        return asdict(self)

    def sink(self) -> Sink:
        """Where it goes."""
        made = mapper(self.topic, table=self.table, columns=self.columns, key=self.key, keep=self.keep)
        return sink_for(self.into, made.table)


def columns_of(several: Iterable[str]) -> dict[str, str]:
    """``NAME=SOURCE type ...`` as it was typed, by name. Raises ConfigurationError."""
    found: dict[str, str] = {}
    for text in several:
        name, separator, definition = text.partition("=")
        if not separator or name in found:
            fact = "is there twice" if separator else "names no column"
            raise ConfigurationError(f"--columns {text!r} {fact}", hint="--columns 'temp_c=$.value real'")
        found[name] = definition
    return found


def ingests(
    tables: Sequence[Mapping[str, Any]], typed: dict[str, Any], path: str | None
) -> list[IngestOptions]:
    """``tables`` of the file at ``path``, and what was ``typed``. Raises ConfigurationError."""
    if len(tables) > 1 and typed:
        flags = ", ".join(f"--{name.replace('_', '-')}" for name in typed)
        raise ConfigurationError(
            f"{flags}: of which of the {len(tables)} ingests in {path}?", hint="say it in the file"
        )
    if not tables:
        return [_options({}, typed, TYPED)]
    return [
        _options(table, typed, f"{path}: ingest {number}") for number, table in enumerate(tables, start=1)
    ]


def _options(table: Mapping[str, Any], typed: dict[str, Any], origin: str) -> IngestOptions:
    for key in table:
        if key in KEYS and key not in INGEST:
            raise refused(origin, f"{key} is of the client", "write it above the first [[ingest]]")
    said = {key: setting(key, value, origin, INGEST).value for key, value in table.items()} | typed
    for key in ("topic", "into"):
        if key not in said:
            raise refused(
                origin, f"{key} is missing", f"say --{key}" if origin == TYPED else f'{key} = "..."'
            )
    with blamed(origin):
        options = IngestOptions(**said)
        options.check()
    return options
