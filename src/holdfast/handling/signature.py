"""How a handler wants its message: read once from its signature, checked at registration.

parameter                          gets
annotated ``Message``              the message
named like a capture               the captured level, converted (str, int, float, UUID, an Enum)
the one that remains               the payload, decoded to its annotation

payload annotation                 from
bytes                              as it came
str                                UTF-8
dict, list, Any, TypedDict         JSON
a dataclass                        a JSON object: its fields by name; unknown ones are ignored,
                                   so that a device may learn to say more
a pydantic model                   its own ``model_validate_json``

JSON values keep the types JSON gives them: only a pydantic model checks its fields.
"""

from __future__ import annotations

import enum
import functools
import inspect
import sys
import types
import typing
from collections.abc import Callable, Sequence
from typing import Any

from holdfast.errors import ConfigurationError, PayloadError
from holdfast.handling.misfit import misfit
from holdfast.messages import Message
from holdfast.topics import Pattern

Call = Callable[[Message], Any]
"""Calls the handler with what one message gives; gives what it gives. Raises PayloadError."""

_Getter = Callable[[Message], Any]


def bind_all(function: Callable[..., Any], patterns: Sequence[Pattern]) -> tuple[Call, ...]:
    """How to call this function, for each of its patterns. Raises ConfigurationError."""
    _check_kind(function)
    for name in inspect.signature(function).parameters:
        # Else a capture of one filter would be given the payload by the other.
        without = [pattern.text for pattern in patterns if name not in pattern.names]
        if without and len(without) < len(patterns):
            raise ConfigurationError(
                f"{_name(function)}: {name!r} is a capture of another filter, but not of {without[0]!r}",
                hint="name it in every filter, or write two handlers",
            )
    return tuple(bind(function, pattern) for pattern in patterns)


def is_coroutine(function: Callable[..., Any]) -> bool:
    """Whether it is run on the loop; everything else is a thread's."""
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(
        getattr(function, "__call__", None)  # noqa: B004  an object whose call is one
    )


def _check_kind(function: Callable[..., Any]) -> None:
    """A call of these would handle nothing, and nobody would notice."""
    if inspect.isclass(function) or not callable(function):
        raise ConfigurationError(f"{_name(function)} is no function", hint="write def, or async def")
    if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
        raise ConfigurationError(f"{_name(function)} is a generator", hint="a handler has no yield")


def bind(function: Callable[..., Any], pattern: Pattern) -> Call:
    """How to call this function for a message that came by this pattern."""
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


def _call(function: Callable[..., Any], getters: dict[str, _Getter]) -> Call:
    """One parameter is the usual case, and calling by name costs more than most handlers do."""
    items = tuple(getters.items())
    by_name = [p.kind is p.KEYWORD_ONLY for p in inspect.signature(function).parameters.values()]
    if len(items) == 1 and not by_name[0]:
        only = items[0][1]
        if only is _whole:
            return function
        if only is _bytes:
            return lambda message: function(message.payload)
        return lambda message: function(only(message))
    return lambda message: function(**{name: getter(message) for name, getter in items})


def _parameters(function: Callable[..., Any]) -> dict[str, Any]:
    hints = _hints(function)
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


def _hints(function: Callable[..., Any]) -> dict[str, Any]:
    while isinstance(function, functools.partial):
        function = function.func
    if not inspect.isroutine(function):
        function = type(function).__call__
    try:
        return typing.get_type_hints(function)
    except Exception as error:  # an annotation is code, which can raise anything
        missing = getattr(error, "name", None)
        texts = inspect.get_annotations(function)
        where = ", ".join(repr(name) for name, text in texts.items() if missing and missing in str(text))
        raise ConfigurationError(
            f"{_name(function)}: the annotation of {where or 'a parameter'} cannot be read: {error}",
            hint="types of a handler are looked up when it is registered, in its module",
        ) from error


def _getter(function: Callable[..., Any], name: str, kind: Any, pattern: Pattern) -> _Getter | None:
    if kind is Message:
        return _whole
    if name in pattern.names:
        return _capture(function, name, kind)
    return None


def _capture(function: Callable[..., Any], name: str, kind: Any) -> _Getter:
    if kind is str:
        return lambda message: message.captures[name]
    convert: Callable[[str], Any] = kind
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        convert = _member_of(kind)
    elif kind not in (int, float) and not _is_uuid(kind):
        raise ConfigurationError(
            f"{_name(function)}: capture {name!r} cannot be a {_name(kind)}",
            hint="str, int, float, UUID or an Enum",
        )

    def get(message: Message) -> Any:
        try:
            return convert(message.captures[name])
        except ValueError as error:
            raise PayloadError(f"{message.topic}: {name} is no {_name(kind)}: {error}") from error

    return get


def _member_of(kind: type[enum.Enum]) -> Callable[[str], enum.Enum]:
    """By the text of the value, so that an Enum of numbers works too."""
    members = {str(member.value): member for member in kind}
    return lambda text: members[text] if text in members else kind(text)


def _payload(function: Callable[..., Any], name: str, kind: Any) -> _Getter:
    origin = typing.get_origin(kind) or kind
    if origin is bytes:
        return _bytes
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
    if _is_dataclass(kind):
        return _dataclass(kind)
    raise ConfigurationError(
        f"{_name(function)}: the payload {name!r} cannot be a {_name(kind)}",
        hint="bytes, str, dict, list, Any, a TypedDict, a dataclass or a pydantic model",
    )


def _whole(message: Message) -> Message:
    return message


def _bytes(message: Message) -> bytes:
    return message.payload


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
            raise PayloadError(f"payload on {message.topic} {misfit(kind, error)}") from error

    return decode


def _dataclass(kind: type) -> _Getter:
    as_object = _json_of(dict)
    fields = inspect.signature(kind).parameters

    def decode(message: Message) -> Any:
        known = {name: value for name, value in as_object(message).items() if name in fields}
        try:
            return kind(**known)
        except (TypeError, ValueError) as error:  # a field is missing, or __post_init__ refused
            raise PayloadError(f"payload on {message.topic} is no {kind.__name__}: {error}") from error

    return decode


def _name(thing: Any) -> str:
    if isinstance(thing, types.GenericAlias):
        return str(thing)
    return getattr(thing, "__qualname__", None) or str(thing)


def _is_uuid(kind: Any) -> bool:
    """Without importing it: whoever annotates a UUID has done so."""
    module = sys.modules.get("uuid")
    return module is not None and kind is module.UUID


def _is_dataclass(kind: Any) -> bool:
    """Likewise."""
    module = sys.modules.get("dataclasses")
    return module is not None and isinstance(kind, type) and bool(module.is_dataclass(kind))
