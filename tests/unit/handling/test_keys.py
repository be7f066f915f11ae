"""Ordering keys: from a notation or a function to what tells messages apart."""

from __future__ import annotations

from asyncio import CancelledError
from typing import Any

import pytest

from holdfast import Message
from holdfast.errors import ConfigurationError, PayloadError
from holdfast.handling import Key
from holdfast.handling.keys import keys_of
from holdfast.topics import Pattern

PATTERN = Pattern("plant/{line}/temp")


def message(payload: str = '{"mac": "a1", "list": []}') -> Message:
    """One that came by the pattern."""
    properties = {"user_property": (("tenant", "north"),)}
    captures = PATTERN.captures("plant/7/temp")
    return Message("plant/7/temp", payload.encode(), properties=properties, captures=captures)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("{line}", "7"),
        ("$.mac", "a1"),
        ("@property.tenant", "north"),
        ("$.missing", None),
        (lambda message: (message.topic, message.qos), ("plant/7/temp", 0)),
    ],
)
def test_where_a_key_comes_from(key: Key, value: object) -> None:
    """A capture, the payload, a property, a function; what is not there is the key None."""
    (key_of,) = keys_of(key, [PATTERN])
    assert key_of(message()) == value


def test_each_pattern_has_its_own() -> None:
    """The captures are those of the filter a message came by."""
    assert len(keys_of("{line}", [PATTERN, Pattern("{line}")])) == 2
    assert len(keys_of(lambda message: 1, [PATTERN, Pattern("a")])) == 2


@pytest.mark.parametrize(
    ("key", "payload", "fact"),
    [
        ("$.mac", "no json", "no key by $.mac: payload on plant/7/temp is not JSON"),
        ("$.list", '{"list": []}', "no key by $.list: TypeError: unhashable type"),
        (lambda message: message.json()["mac"], "{}", "KeyError: 'mac'"),
    ],
)
def test_a_message_without_a_key_is_named(key: Key, payload: str, fact: str) -> None:
    """Whatever stands in the way is a PayloadError with topic and key: it is the same at every attempt."""
    (key_of,) = keys_of(key, [PATTERN])
    with pytest.raises(PayloadError) as caught:
        key_of(message(payload))
    assert fact in str(caught.value)


@pytest.mark.parametrize("key", ["{other}", "line", "$mac", 7])
def test_what_is_no_key(key: Any) -> None:
    """Refused before anything happens."""
    with pytest.raises(ConfigurationError):
        keys_of(key, [PATTERN])


class Panic(BaseException):
    """What an extension raises that gives up: no Exception."""


@pytest.mark.parametrize("error", [Panic("boom"), CancelledError("boom")])
def test_what_is_no_exception_is_no_key_either(error: BaseException) -> None:
    """The panic of an extension stands in the way of one message, and not of all that follow."""

    def key(message: Message) -> str:
        raise error

    (key_of,) = keys_of(key, [PATTERN])
    with pytest.raises(PayloadError, match=f"{type(error).__name__}: boom"):
        key_of(message())


@pytest.mark.parametrize("ending", [KeyboardInterrupt, SystemExit, GeneratorExit])
def test_the_end_of_the_process_is_no_failure_of_a_key(ending: type[BaseException]) -> None:
    """Ctrl-C and sys.exit() go through, as in a handler."""

    def key(message: Message) -> str:
        raise ending

    (key_of,) = keys_of(key, [PATTERN])
    with pytest.raises(ending):
        key_of(message())
