"""Where rows go, as it is written on the command line or in code."""

from __future__ import annotations

from holdfast.errors import ConfigurationError
from holdfast.ingest.sink import Sink
from holdfast.ingest.sqlite import SqliteSink
from holdfast.ingest.table import Table

_RELATIVE, _ABSOLUTE = "sqlite:///", "sqlite:////"
_POSTGRES = ("postgresql:", "postgres:")  # without its slashes it would be told as a path, with its password


def sink_for(into: str, table: Table) -> Sink:
    """The sink for this table; opens nothing yet. Raises ConfigurationError."""
    if into.startswith(_POSTGRES):
        from holdfast.ingest.postgres import PostgresSink  # for those who have one

        return PostgresSink(into, table)
    return SqliteSink(sqlite_path(into), table)


def sqlite_path(into: str) -> str:
    """The file that a path, ``sqlite:///relative`` or ``sqlite:////absolute`` names.

    Raises ConfigurationError for another scheme and for a name that is no file.
    """
    path = _path(into)
    if not path or path.endswith("/") or path == ":memory:" or "\0" in path:
        raise ConfigurationError(
            f"{into!r} names no file", hint="name one, such as readings.db or sqlite:///readings.db"
        )
    return path


def _path(into: str) -> str:
    if into.startswith(_ABSOLUTE):
        return into[len(_ABSOLUTE) - 1 :]
    if into.startswith(_RELATIVE):
        return into[len(_RELATIVE) :]
    scheme, separator, _ = into.partition("://")
    if separator or into.startswith("sqlite:"):
        raise ConfigurationError(
            f"{scheme.partition(':')[0]!r} is no database this release can write",
            hint="use a path, sqlite:///relative, sqlite:////absolute or postgresql://host/database",
        )
    return into
