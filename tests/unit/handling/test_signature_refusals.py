"""What may be a handler, and the sentence for each function that may not (``signature.py``)."""

import functools
import typing
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from enum import Enum
from typing import Any

import pytest

from holdfast import Message
from holdfast.errors import ConfigurationError
from holdfast.handling import bind_all
from holdfast.topics import Pattern

if typing.TYPE_CHECKING:
    from decimal import Decimal


class Line(Enum):
    NORTH = "north"


async def given(function: Callable[..., Awaitable[Any]], payload: bytes = b"") -> Any:
    """What the handler returns for a message on ``plant/{line}``."""
    pattern = Pattern("plant/{line}")
    (call,) = bind_all(function, [pattern])
    return await call(Message("plant/north", payload, captures=pattern.captures("plant/north")))


class Owner:
    async def method(self, line: str, payload: bytes) -> Any:
        return line, payload


async def with_more(prefix: str, line: str) -> Any:
    return prefix + line


def logged(function: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    @functools.wraps(function)
    async def wrapper(*args: Any, **kwargs: Any) -> Any:
        return await function(*args, **kwargs)

    return wrapper


@logged
async def decorated(line: Line) -> Any:
    return line


async def test_methods_partials_and_decorated_functions() -> None:
    """Whatever is a coroutine function with a signature."""
    assert await given(Owner().method, b"x") == ("north", b"x")
    assert await given(functools.partial(with_more, "line ")) == "line north"
    assert await given(decorated) is Line.NORTH


def a_generator(message: Message) -> Iterator[None]:
    """Calling it does nothing."""
    yield


async def an_async_generator(message: Message) -> AsyncIterator[None]:
    """Likewise."""
    yield


class AClass:
    def __init__(self, message: Message) -> None:
        """Making one handles nothing."""


async def no_annotation(line) -> None:  # type: ignore[no-untyped-def]
    """Says nothing of its type."""


async def two_payloads(first: bytes, second: str) -> None:
    """Which of them?"""


async def capture_as_dict(line: dict[str, Any]) -> None:
    """A level is no dict."""


async def capture_as_bool(line: bool) -> None:
    """bool("false") is True: not offered."""


async def payload_as_int(count: int) -> None:
    """21.5, or twenty-one? Say float(...) yourself."""


async def payload_as_set(names: set[str]) -> None:
    """JSON has no set."""


async def payload_or_none(body: dict[str, Any] | None) -> None:
    """An empty payload is not None."""


async def positional_only(message: Message, /) -> None:
    """Cannot be given by name."""


async def any_number(*messages: Message) -> None:
    """Cannot be given by name."""


async def any_name(**messages: Message) -> None:
    """Cannot be given by name."""


async def unknown_type(line: str, amount: "Decimal") -> None:
    """Imported for the type checker only."""


async def misspelt(body: "typing.Lisst[int]") -> None:  # type: ignore[name-defined]
    """An annotation that raises something else than NameError."""


@pytest.mark.parametrize(
    ("function", "facts"),
    [
        (a_generator, ["a_generator is a generator"]),
        (an_async_generator, ["an_async_generator is a generator"]),
        (AClass, ["AClass is no function"]),
        (7, ["7 is no function"]),
        (no_annotation, ["no_annotation: parameter 'line' has no annotation"]),
        (two_payloads, ["two_payloads: 'first' and 'second' both remain for the payload"]),
        (capture_as_dict, ["capture_as_dict: capture 'line' cannot be a dict[str, typing.Any]"]),
        (capture_as_bool, ["capture_as_bool: capture 'line' cannot be a bool"]),
        (payload_as_int, ["payload_as_int: the payload 'count' cannot be a int"]),
        (payload_as_set, ["payload_as_set: the payload 'names' cannot be a set[str]"]),
        (payload_or_none, ["payload_or_none: the payload 'body' cannot be a dict[str, typing.Any] | None"]),
        (positional_only, ["positional_only: parameter 'message' cannot be given by name"]),
        (any_number, ["any_number: parameter 'messages' cannot be given by name"]),
        (any_name, ["any_name: parameter 'messages' cannot be given by name"]),
        (unknown_type, ["unknown_type", "'amount'", "'Decimal' is not defined"]),
        (misspelt, ["misspelt", "'body'", "Lisst"]),
    ],
)
def test_what_is_refused_at_registration(function: Callable[..., Any], facts: list[str]) -> None:
    """In one sentence that names the function and the parameter, before any message comes."""
    with pytest.raises(ConfigurationError) as caught:
        bind_all(function, [Pattern("plant/{line}/temp")])
    for fact in facts:
        assert fact in str(caught.value)


def test_the_hint_lists_the_captures() -> None:
    """Two candidates for the payload are mostly a misspelt capture."""
    with pytest.raises(ConfigurationError) as caught:
        bind_all(two_payloads, [Pattern("plant/{line}/{rest:#}")])
    assert caught.value.hint == "captures of 'plant/{line}/{rest:#}': line, rest"


async def test_several_filters_with_the_same_captures() -> None:
    """One call per filter, in their order; the captures may stand at different levels."""

    async def handler(line: str) -> Any:
        return line

    patterns = [Pattern("a/{line}"), Pattern("{line}/b/c")]
    calls = bind_all(handler, patterns)
    found = [
        await call(Message(topic, b"", captures=pattern.captures(topic)))
        for call, pattern, topic in zip(calls, patterns, ("a/1", "2/b/c"), strict=True)
    ]
    assert found == ["1", "2"]


def test_a_capture_of_one_filter_only() -> None:
    """Else the parameter would be given the level by one filter and the payload by the other."""

    async def handler(line: str) -> None: ...

    with pytest.raises(ConfigurationError) as caught:
        bind_all(handler, [Pattern("a/{line}"), Pattern("b/+")])
    assert "handler: 'line' is a capture of another filter, but not of 'b/+'" in str(caught.value)
