"""Where in a message a value stands: one notation for ordering keys, keys of repeats, and columns.

================  ====================================================================
``{name}``        a capture of the topic filter, as text
``$``             the payload as JSON
``$.a.b[0]``      a member or an element in it; nothing but dots and [index]
``@topic``        of the message: topic, qos, retain, duplicate, received, payload
``@property.x``   the property of MQTT 5 called x, else the first user property of that name
================  ====================================================================

What is not there is None: a member that is missing, an index beyond the end, a property that was not sent.
A payload that is no JSON is a PayloadError, for who looks into it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from typing import Any

from holdfast.errors import ConfigurationError
from holdfast.messages import Message

_CAPTURE = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}")
_PATH = re.compile(r"\$(?:\.[^.\[\]\s]+|\[[0-9]+\])*")
_STEP = re.compile(r"\.([^.\[\]\s]+)|\[([0-9]+)\]")
_HINT = "write {capture}, $.json.path, @field or @property.name"

INDEX_DIGITS = 9
"""The largest payload has about 10**9 bytes, unpacked, and an element in it two."""

_UNREAD = object()


class Reading:
    """A message that is looked into, its payload decoded once at most."""

    __slots__ = ("_document", "message")

    def __init__(self, message: Message) -> None:
        self.message = message
        self._document: Any = _UNREAD

    @property
    def document(self) -> Any:
        """The payload as JSON. Raises PayloadError."""
        if self._document is _UNREAD:
            self._document = self.message.json()
        return self._document


Source = Callable[[Reading], Any]
"""Takes the value out of a message. Raises PayloadError."""


def source(text: str, captures: Collection[str]) -> Source:
    """What this notation means for messages of a filter with these captures. Raises ConfigurationError."""
    capture = _CAPTURE.fullmatch(text)
    if capture:
        return _capture(capture[1], captures)
    if _PATH.fullmatch(text):
        return _path([_step(*found) for found in _STEP.findall(text)])
    if text.startswith("@property."):
        return _property(text.removeprefix("@property."))
    if text.startswith("@"):
        return _field(text)
    raise ConfigurationError(f"{text!r} says not where a value stands", hint=_HINT)


def _capture(name: str, captures: Collection[str]) -> Source:
    if name not in captures:
        raise ConfigurationError(
            f"{{{name}}}: the topic filter has no such capture",
            hint=f"its captures: {', '.join(captures) or 'none; write {' + name + '} in place of a +'}",
        )
    return lambda reading: reading.message.captures.get(name)


def _step(member: str, index: str) -> str | int:
    return member or _index(index)


def _index(digits: str) -> int:
    """Raises ConfigurationError for one that no payload reaches; Python reads so many digits only."""
    if len(digits) > INDEX_DIGITS:
        raise ConfigurationError(
            f"the index [{digits[:INDEX_DIGITS]}...] has {len(digits)} digits: no payload has so many",
            hint=f"an index has {INDEX_DIGITS} digits at most, as in $.a[0]",
        )
    return int(digits)


def _path(steps: list[str | int]) -> Source:
    def find(reading: Reading) -> Any:
        value = reading.document
        for step in steps:
            if isinstance(step, str):
                value = value.get(step) if isinstance(value, dict) else None
            else:
                value = value[step] if isinstance(value, list) and step < len(value) else None
        return value

    return find


def _property(name: str) -> Source:
    if not name:
        raise ConfigurationError("'@property.' names no property", hint="@property.content_type")

    def find(reading: Reading) -> Any:
        message = reading.message
        if name in message.properties:
            return message.properties[name]
        return next((value for known, value in message.user_properties if known == name), None)

    return find


_FIELDS: dict[str, Source] = {
    "@topic": lambda reading: reading.message.topic,
    "@qos": lambda reading: reading.message.qos,
    "@retain": lambda reading: reading.message.retain,
    "@duplicate": lambda reading: reading.message.duplicate,
    "@received": lambda reading: reading.message.received_at,
    "@payload": lambda reading: reading.message.payload,
}


def _field(text: str) -> Source:
    if text not in _FIELDS:
        raise ConfigurationError(f"{text!r} is no field of a message", hint=f"there are {', '.join(_FIELDS)}")
    return _FIELDS[text]
