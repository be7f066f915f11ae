"""How a handler wants its message: read once from its signature, checked at registration.

parameter                          gets
annotated ``Message``              the message
named like a capture               the captured level, converted (str, int, float, UUID, an Enum)
the one that remains               the payload, decoded to its annotation

payload annotation                 from
bytes                              as it came
str                                UTF-8
dict, list, Any, TypedDict         JSON
a dataclass                        a JSON object with its fields
a pydantic model                   its own ``model_validate_json``
"""

from __future__ import annotations

import dataclasses
import enum
import inspect
import types
import typing
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

from holdfast.errors import ConfigurationError, PayloadError
from holdfast.messages import Message
from holdfast.topics import Pattern

Call = Callable[[Message], Awaitable[Any]]
"""Calls the handler with what one message gives. Raises PayloadError."""

_Getter = Callable[[Message], Any]


def bind(function: Callable[..., Any], pattern: Pattern) -> Call:
    """How to call this function for a message that came by this pattern."""
    if not inspect.iscoroutinefunction(function):
        raise ConfigurationError(f"{_name(function)} is no coroutine function", hint="write async def")
    getters: dict[str, _Getter] = {}
    payload_parameter: str | None = None
    for name, kind in _parameters(function).items():
        getter = _getter(function, name, kind, pattern)
        if getter is None:
            if payload_parameter is not None:
                raise ConfigurationError(
                    f"{_name(function)}: {payload_parameter!r} and {name!r} both remain for the payload",
                    hint=f"captures of {pattern.text!r}: {', '.join(pattern.names) or 'none'}",
                )
            payload_parameter, getter = name, _payload(function, name, kind)
        getters[name] = getter
    return _call(function, getters)


def _call(function: Callable[..., Awaitable[Any]], getters: dict[str, _Getter]) -> Call:
    """One parameter is the usual case, and calling by name costs more than most handlers do."""
    items = tuple(getters.items())
    by_name = [p.kind is p.KEYWORD_ONLY for p in inspect.signature(function).parameters.values()]
    if len(items) == 1 and not by_name[0]:
        only = items[0][1]
        return lambda message: function(only(message))
    return lambda message: function(**{name: getter(message) for name, getter in items})


def _parameters(function: Callable[..., Any]) -> dict[str, Any]:
    try:
        hints = typing.get_type_hints(function)
    except NameError as error:
        raise ConfigurationError(f"{_name(function)}: annotation not found: {error}") from error
    kinds = {}
    for name, parameter in inspect.signature(function).parameters.items():
        if parameter.kind in (parameter.POSITIONAL_ONLY, parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            raise ConfigurationError(f"{_name(function)}: parameter {name!r} cannot be given by name")
        if name not in hints:
            raise ConfigurationError(
                f"{_name(function)}: parameter {name!r} has no annotation",
                hint="annotate it: Message, a capture's type, or the payload's type",
            )
        kinds[name] = hints[name]
    return kinds


def _getter(function: Callable[..., Any], name: str, kind: Any, pattern: Pattern) -> _Getter | None:
    if kind is Message:
        return lambda message: message
    if name in pattern.names:
        return _capture(function, name, kind)
    return None


def _capture(function: Callable[..., Any], name: str, kind: Any) -> _Getter:
    if kind is str:
        return lambda message: message.captures[name]
    if kind in (int, float, UUID) or (isinstance(kind, type) and issubclass(kind, enum.Enum)):

        def convert(message: Message) -> Any:
            try:
                return kind(message.captures[name])
            except ValueError as error:
                raise PayloadError(f"{message.topic}: {name} is no {kind.__name__}: {error}") from error

        return convert
    raise ConfigurationError(
        f"{_name(function)}: capture {name!r} cannot be a {_name(kind)}",
        hint="str, int, float, UUID or an Enum",
    )


def _payload(function: Callable[..., Any], name: str, kind: Any) -> _Getter:
    origin = typing.get_origin(kind) or kind
    if origin is bytes:
        return lambda message: message.payload
    if origin is str:
        return Message.text
    if origin is Any:
        return Message.json
    if origin in (dict, list):
        return _json_of(origin)
    if typing.is_typeddict(kind):
        return _json_of(dict)
    if hasattr(kind, "model_validate_json"):
        return _model(kind)
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        return _dataclass(kind)
    raise ConfigurationError(
        f"{_name(function)}: the payload {name!r} cannot be a {_name(kind)}",
        hint="bytes, str, dict, list, Any, a TypedDict, a dataclass or a pydantic model",
    )


def _json_of(kind: type) -> _Getter:
    def decode(message: Message) -> Any:
        value = message.json()
        if not isinstance(value, kind):
            raise PayloadError(f"payload on {message.topic} is JSON, but no {_JSON_WORDS[kind]}")
        return value

    return decode


_JSON_WORDS: dict[type, str] = {dict: "object", list: "array"}


def _model(kind: Any) -> _Getter:
    def decode(message: Message) -> Any:
        try:
            return kind.model_validate_json(message.payload)
        except ValueError as error:  # pydantic's ValidationError is one
            raise PayloadError(f"payload on {message.topic} is no {kind.__name__}: {error}") from error

    return decode


def _dataclass(kind: type) -> _Getter:
    as_object = _json_of(dict)

    def decode(message: Message) -> Any:
        try:
            return kind(**as_object(message))
        except TypeError as error:
            raise PayloadError(f"payload on {message.topic} is no {kind.__name__}: {error}") from error

    return decode


def _name(thing: Any) -> str:
    if isinstance(thing, types.GenericAlias):
        return str(thing)
    return getattr(thing, "__qualname__", None) or str(thing)
