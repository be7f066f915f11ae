"""waiting.py: eventually."""

from __future__ import annotations

import asyncio

import pytest

from holdfast.testing import eventually


async def test_what_is_true_at_once_is_not_waited_for() -> None:
    """Not even a turn of the loop is needed."""
    await eventually(lambda: True, timeout_s=0)


async def test_it_waits_while_others_work() -> None:
    """The loop is free meanwhile."""
    seen: list[int] = []
    asyncio.get_running_loop().call_later(0.03, seen.append, 1)
    await eventually(lambda: seen)
    assert seen == [1]


async def test_it_fails_with_the_last_false_value() -> None:
    """The value says what stood in the way."""
    with pytest.raises(AssertionError, match=r"not true within 0.02 s: it was \[\] at last"):
        await eventually(list, timeout_s=0.02)


async def test_what_the_check_raises_counts_as_false() -> None:
    """Until the time is over, and then it is the cause."""
    found: dict[str, bool] = {}
    asyncio.get_running_loop().call_later(0.03, found.update, {"it": True})
    await eventually(lambda: found["it"])
    with pytest.raises(AssertionError, match="it raised IndexError") as raised:
        await eventually(lambda: [][0], timeout_s=0.02)
    assert isinstance(raised.value.__cause__, IndexError)
