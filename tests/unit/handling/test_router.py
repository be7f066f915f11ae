"""Handlers gathered before there is a client, and the options of their subscription."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from holdfast import Message
from holdfast.errors import ConfigurationError
from holdfast.handling import HandlerOptions, Router, patterns_of
from holdfast.topics import Pattern


async def handler(message: Message) -> None:
    """Takes everything."""


def test_a_handler_is_kept_with_its_filters_and_options() -> None:
    """The decorator gives the function back unchanged and remembers how it is to be subscribed."""
    router = Router()
    given = router.on("plant/{line}/temp", "plant/{line}/{rest:#}", qos=2, share="workers", retained="new")(
        handler
    )
    assert given is handler
    (kept,) = router.handlers
    assert kept.function is handler
    assert kept.filters == ("$share/workers/plant/+/temp", "$share/workers/plant/+/#")
    assert len(kept.calls) == len(kept.patterns) == 2
    assert kept.options == HandlerOptions(2, "workers", "new")


def test_handlers_keep_their_order() -> None:
    """One function may handle several filters apart; the order is that of registering."""
    router = Router()
    for filter in ("a", "b", "a"):
        router.on(filter)(handler)
    assert [kept.filters for kept in router.handlers] == [("a",), ("b",), ("a",)]


def test_the_defaults() -> None:
    """QoS 1, not shared, retained messages always."""
    router = Router()
    router.on("a")(handler)
    assert router.handlers[0].options == HandlerOptions(1, None, "always", False)


class Called:
    async def __call__(self, message: Message) -> None:
        """A call that is a coroutine."""


def test_what_is_no_coroutine_function_runs_on_a_thread() -> None:
    """Also where a coroutine function hides behind an object or a partial, it stays on the loop."""
    router = Router()
    router.on("a")(handler)
    router.on("b")(Called())
    router.on("c")(partial(handler))

    @router.on("d")
    def plain(message: Message) -> None:
        """On a thread."""

    assert [kept.threaded for kept in router.handlers] == [False, False, False, True]


def test_nothing_is_kept_of_a_handler_that_is_refused() -> None:
    """A refused function leaves the router as it was."""
    router = Router()
    with pytest.raises(ConfigurationError):
        router.on("a")(print)
    assert router.handlers == []


@pytest.mark.parametrize(
    ("options", "fact"),
    [
        ({"qos": 3}, "qos must be 0, 1 or 2, not 3"),
        ({"qos": None}, "qos must be 0, 1 or 2, not None"),
        ({"retained": "sometimes"}, "retained must be 'always', 'new' or 'never', not 'sometimes'"),
        ({"share": ""}, "share name is empty"),
        ({"share": "a/b"}, "share name 'a/b' holds"),
        ({"share": "a+"}, "share name 'a+' holds"),
    ],
)
def test_impossible_options(options: dict[str, Any], fact: str) -> None:
    """Refused when the decorator is called, before there is a function."""
    with pytest.raises(ConfigurationError) as caught:
        Router().on("a", **options)
    assert fact in str(caught.value)


def test_no_local_and_share_exclude_each_other() -> None:
    """[MQTT-3.8.3-4]: No Local on a shared subscription is a protocol error."""
    with pytest.raises(ConfigurationError, match="exclude each other"):
        HandlerOptions(share="workers", no_local=True)
    assert HandlerOptions(no_local=True).no_local


def test_the_filter_on_the_wire() -> None:
    """Captures go as wildcards, the group as $share (MQTT 5 §4.8.2)."""
    pattern = Pattern("plant/{line}/temp")
    assert HandlerOptions().wire_filter(pattern) == "plant/+/temp"
    assert HandlerOptions(share="w").wire_filter(pattern) == "$share/w/plant/+/temp"


@pytest.mark.parametrize(
    ("filters", "fact", "hint"),
    [
        ((), "no topic filter given", "name at least one"),
        (("",), "topic filter is empty", ""),
        (("a/#/b",), "'#' must stand alone in the last level", ""),
        (("a+",), "'+' must fill its whole level", ""),
        (("$share/workers/a",), "is asked for with share=", 'share="workers"'),
        (("a/{b}/{b}",), "names a capture twice", ""),
        (("a/{b",), "is no capture", "{name}"),
        ((handler,), "is no topic filter", "in the parentheses"),
        ((["a", "b"],), "is no topic filter", "in the parentheses"),
    ],
)
def test_what_is_no_filter(filters: tuple[Any, ...], fact: str, hint: str) -> None:
    """Each is refused in a sentence; @on without parentheses, and a list, too."""
    with pytest.raises(ConfigurationError) as caught:
        patterns_of(filters)
    assert fact in str(caught.value)
    assert hint in str(caught.value.hint or "")
