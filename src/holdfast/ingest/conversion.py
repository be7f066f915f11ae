"""What a value must be to stand in a column, and what it becomes there.

=========  ==========================================================  =============================
type       takes                                                       refuses
=========  ==========================================================  =============================
text       text, bytes that are UTF-8, whole numbers                   NUL, half a surrogate pair
int        whole numbers of 64 bits, also as text or written 120.0     true and false, 1.5
real       numbers, also as text                                       true and false, NaN, Infinity
bool       true and false, also as text; 0 and 1                       "on", "yes", other numbers
time       times, and RFC 3339 text with an offset from UTC            text without an offset
unixtime   seconds since 1970, also as text                            what is not in years 1 to 9999
json       whatever JSON can hold, as JSON text                        bytes, NaN, Infinity
blob       bytes, and text as its UTF-8                                everything else
=========  ==========================================================  =============================

Captures and properties are text, and many a device writes its numbers as text: so text that spells a JSON
number is that number, wherever it stands, and nothing else is (no spaces, no leading zeros, no 0x10).
Nothing is rounded or cut to make it fit, but that a real has 53 bits and a time microseconds.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Literal

from holdfast.ingest.errors import Misfit
from holdfast.ingest.row import Value

Declared = Literal["text", "int", "real", "bool", "time", "unixtime", "json", "blob"]
Convert = Callable[[Any], Value]
"""Gives what the database gets. Raises Misfit."""

SHOWN = 60
_LOWEST, _HIGHEST = -(1 << 63), (1 << 63) - 1
_EXACT = 1 << 53  # a float is this number and no neighbour's, up to here
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_BOOLS: dict[Any, bool] = {"true": True, "false": False, 0: False, 1: True}


def _text(value: Any) -> Value:
    if isinstance(value, bytes):
        value = _decoded(value)
    if isinstance(value, str):
        return _storable(value)
    if type(value) is int:
        return str(value)
    raise _no("text", value)


def _decoded(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError as error:
        raise Misfit(f"is not UTF-8: {error.reason} at byte {error.start}") from error


def _storable(text: str) -> str:
    """As text in any database: SQLite would cut it at NUL, PostgreSQL refuses that."""
    if "\0" in text:
        raise Misfit(f"{shown(text)} holds NUL, which is no text")
    if not text.isascii():
        _encoded(text)
    return text


def _encoded(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise Misfit(f"{shown(text)} holds half a surrogate pair") from error


def _int(value: Any) -> Value:
    number = _number("int", value)
    if isinstance(number, float) and number.is_integer() and abs(number) <= _EXACT:
        number = int(number)
    if isinstance(number, float):
        raise _no("int", value)
    if not _LOWEST <= number <= _HIGHEST:
        raise Misfit(f"{shown(value)} does not fit in 64 bits")
    return number


def _real(value: Any) -> Value:
    try:
        number = float(_number("real", value))
    except OverflowError as error:
        raise Misfit(f"{shown(value)} is too large for a real") from error
    if not math.isfinite(number):
        raise _no("real", value)
    return number


def _number(type_: Declared, value: Any) -> int | float:
    """A bool is none, although it is for Python."""
    if type(value) is int or type(value) is float:
        return value
    found = _NUMBER.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise _no(type_, value)
    try:
        return float(found[0]) if found[1] or found[2] else int(found[0])
    except ValueError as error:  # Python reads no int of more than 4300 digits
        raise _no(type_, value) from error


def _bool(value: Any) -> Value:
    if isinstance(value, bool):
        return value
    if type(value) in (int, str) and value in _BOOLS:
        return _BOOLS[value]
    raise _no("bool", value)


def _time(value: Any) -> Value:
    if isinstance(value, str):
        value = _parsed(value)
    if not isinstance(value, datetime):
        raise _no("time", value)
    return value


def _parsed(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
        if at.tzinfo is None:
            raise Misfit(f"{shown(text)} has no offset from UTC, such as Z or +07:00")
        return at.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise _no("time", text) from error


def _unixtime(value: Any) -> Value:
    seconds = _number("unixtime", value)
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise Misfit(f"{shown(value)} seconds since 1970 is not in the years 1 to 9999") from error


def _json(value: Any) -> Value:
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    except (TypeError, ValueError, RecursionError) as error:
        raise Misfit(f"{shown(value)} is no json: {error}") from error
    return _storable(text)


def _blob(value: Any) -> Value:
    if isinstance(value, bytes):
        return value
    if isinstance(value, str):
        return _encoded(value)
    raise _no("blob", value)


CONVERT: dict[Declared, Convert] = {
    "text": _text,
    "int": _int,
    "real": _real,
    "bool": _bool,
    "time": _time,
    "unixtime": _unixtime,
    "json": _json,
    "blob": _blob,
}


def _no(type_: Declared, value: Any) -> Misfit:
    return Misfit(f"{shown(value)} is no {type_}")


_WORDS: dict[type, str] = {
    dict: "an object",
    list: "an array",
    tuple: "an array",
    bytes: "bytes",
    datetime: "a time",
    bool: "a bool",
}


def shown(value: Any) -> str:
    """The value for a sentence: short, and on one line."""
    word = _WORDS.get(type(value))
    if word is not None:
        return word
    text = repr(value[:SHOWN] if isinstance(value, str) else value)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"
