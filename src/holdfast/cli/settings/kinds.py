"""How a value is written: in TOML, and as text in the environment.

``off`` stands for None, "no limit" or "never", where that is a value.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

OFF = "off"


@dataclass(frozen=True, slots=True)
class Kind:
    """``word``: what it is called; ``form``: how it is written in TOML; ``fits``: whether a value of TOML is
    one; ``read``: one from the text of a variable, which raises ValueError."""

    word: str
    form: str
    fits: Callable[[Any], bool]
    read: Callable[[str], Any] = str


def _is_number(value: Any) -> bool:
    return type(value) is int or type(value) is float


def _number(text: str) -> float:
    number = float(text)
    return int(number) if number.is_integer() else number


def _is_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)


def _is_urls(value: Any) -> bool:
    return isinstance(value, str) or (
        isinstance(value, list) and all(isinstance(one, str) or _is_texts(one) for one in value)
    )


def _bool(text: str) -> bool:
    if text not in ("true", "false"):
        raise ValueError(text)
    return text == "true"


def _is_table(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(one, str) for one in value.values())


TEXT = Kind("text", 'in quotes, as "text"', lambda value: isinstance(value, str))
WHOLE = Kind("a whole number", "without quotes, as 100", lambda value: type(value) is int, int)
NUMBER = Kind("a number", "without quotes, as 1.5", _is_number, _number)
BOOL = Kind("true or false", "without quotes, as true", lambda value: isinstance(value, bool), _bool)
TEXTS = Kind("a list of texts", 'as ["a", "b"]', _is_texts)
SOME = Kind(
    "text or a list of texts",
    'as "a" or ["a", "b"]',
    lambda value: isinstance(value, str) or _is_texts(value),
)
URLS = Kind("a URL or a list of URLs", 'as "mqtt://a" or ["mqtt://a", "mqtt://b"]', _is_urls)
TABLE = Kind("a table of texts", 'as name = "SOURCE type"', _is_table)

_NAMES: tuple[tuple[type | tuple[type, ...], str], ...] = (
    (bool, "true or false"),
    (str, "text"),
    ((int, float), "a number"),
    ((datetime, date, time), "a date or time"),
    (list, "a list"),
    (dict, "a table"),
)


def named(value: Any) -> str:
    """What kind of thing this is, where the value itself may be a secret."""
    return next(name for kind, name in _NAMES if isinstance(value, kind))
