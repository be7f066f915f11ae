"""A column as it is written: ``SOURCE type [required|default=VALUE]``.

    temp_c = "$.value.temp real required"
    unit   = "$.unit text default=C"
    at     = "$.time unixtime required"

``SOURCE`` is the notation of ``handling.sources``, ``type`` one of ``conversion``. What is not in a message
is null, and so is a null of JSON; ``required``: then the message makes no row; ``default``: this instead.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import cast, get_args

from holdfast.errors import ConfigurationError, HoldfastError
from holdfast.handling.sources import Reading, source
from holdfast.ingest.conversion import CONVERT, Declared
from holdfast.ingest.errors import Misfit
from holdfast.ingest.row import Value
from holdfast.ingest.table import Column, ColumnType
from holdfast.messages import Message

Getter = Callable[[Reading], Value]
"""Takes the value of one column out of a message. Raises Misfit."""

FORM = "write SOURCE type [required|default=VALUE], such as '$.value.temp real required'"
TYPES = get_args(Declared)
_DEFAULT = "default="

# These are in every message, so that what can never fit is found before the first one comes.
_SAMPLE = Reading(Message("topic", b""))
FIELDS = {
    "@topic": "text is the type of a topic; a level of it is a {capture}",
    "@qos": "int is its type",
    "@retain": "bool is its type",
    "@duplicate": "bool is its type",
    "@received": "time is its type",
    "@payload": "text and blob are its types; $ is the payload as JSON",
}


@dataclass(frozen=True, slots=True)
class Definition:
    """One column and where its value stands; ``required``: it is never null."""

    name: str
    source: str
    type: Declared
    required: bool = False
    default: str | None = None

    @property
    def column(self) -> Column:
        """As the table has it."""
        return Column(
            self.name, cast(ColumnType, "time" if self.type == "unixtime" else self.type), self.required
        )


def parse(name: str, text: str, *, required: bool = False) -> Definition:
    """``required``: it is, whatever the text says. Raises ConfigurationError."""
    _check_text(name, text)
    parts = text.strip().split(None, 2)
    if len(parts) < 2:
        raise _wrong(name, text, "it has no type")
    where, type_, rest = (*parts, "")[:3]
    if type_ not in TYPES:
        raise _wrong(name, text, f"{type_!r} is no type", f"types are {', '.join(TYPES)}")
    default = rest.removeprefix(_DEFAULT) if rest.startswith(_DEFAULT) else None
    if default is None and rest not in ("", "required"):
        raise _wrong(name, text, f"{rest!r} says nothing")
    needed = rest == "required" or (required and default is None)
    return Definition(name, where, cast(Declared, type_), needed, default)


def _check_text(name: str, text: str) -> None:
    """What is not UTF-8 is a surrogate here, and no database takes that in the reason of a misfit."""
    try:
        f"{name}{text}".encode()
    except UnicodeEncodeError as error:
        raise _wrong(name, text, "it is not UTF-8", "write it in UTF-8") from error


def _wrong(name: str, text: str, fact: str, hint: str = FORM) -> ConfigurationError:
    return ConfigurationError(f"column {name!r} is {text!r}: {fact}", hint=hint)


def getter(definition: Definition, captures: Collection[str]) -> Getter:
    """How messages of filters with these captures give its value. Raises ConfigurationError."""
    name, where, required = definition.name, definition.source, definition.required
    convert = CONVERT[definition.type]
    try:
        find, default = source(where, captures), _default(definition)
        if where in FIELDS:
            convert(find(_SAMPLE))
    except HoldfastError as error:
        raise ConfigurationError(f"column {name!r}: {error}", hint=error.hint or FIELDS.get(where)) from error

    def get(reading: Reading) -> Value:
        value = find(reading)
        if value is None:
            if required:
                raise Misfit(f"{name}: {where} is missing")
            return default
        try:
            return convert(value)
        except Misfit as misfit:
            raise Misfit(f"{name}: {where}: {misfit}") from misfit

    return get


def _default(definition: Definition) -> Value:
    text = definition.default
    if text is None:
        return None
    value = Message("default", text.encode()).json() if definition.type == "json" else text
    return CONVERT[definition.type](value)
