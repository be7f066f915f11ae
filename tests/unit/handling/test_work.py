"""How the messages of a handler are worked through: what is possible."""

from __future__ import annotations

import math
from typing import Any

import pytest

from holdfast import Message, Retries
from holdfast.errors import ConfigurationError
from holdfast.handling import Router, Work


async def handler(message: Message) -> None:
    """On the loop."""


def plain(message: Message) -> None:
    """On a thread."""


@pytest.mark.parametrize(
    ("options", "fact"),
    [
        ({"concurrency": 0}, "concurrency must be 1 to 1000, not 0"),
        ({"concurrency": 1001}, "not 1001"),
        ({"concurrency": 2.5}, "not 2.5"),
        ({"retries": 5}, "retries=5 is no Retries"),
        ({"timeout_s": 0}, "timeout_s must be above 0, not 0"),
        ({"timeout_s": math.nan}, "not nan"),
    ],
)
def test_impossible_work(options: dict[str, Any], fact: str) -> None:
    """Refused when the decorator is called, before there is a function."""
    with pytest.raises(ConfigurationError) as caught:
        Router().on("a", **options)
    assert fact in str(caught.value)


def test_nobody_can_end_a_thread() -> None:
    """A deadline for a plain function is refused with what to do instead, and nothing is kept of it."""
    router = Router()
    with pytest.raises(ConfigurationError, match="plain: timeout_s needs a coroutine function") as caught:
        router.on("a", timeout_s=5)(plain)
    assert "write async def" in str(caught.value.hint)
    router.on("b", timeout_s=5)(handler)
    assert [one.function for one in router.handlers] == [handler]


def test_it_is_kept_with_the_handler() -> None:
    """With the keys of each pattern; without a key there are none."""
    router, retries = Router(), Retries(2)
    router.on("a/{b}", "{b}", concurrency=4, key="{b}", retries=retries, timeout_s=9)(handler)
    router.on("c")(plain)
    first, second = router.handlers
    assert (first.work, len(first.keys)) == (Work(4, retries, 9), 2)
    assert (second.work, second.keys) == (Work(), ())
