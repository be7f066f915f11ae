"""A run of a handler that takes too long."""

from __future__ import annotations

import asyncio

import pytest

from holdfast import Message, Retry
from holdfast.client.deadline import within


async def waits(message: Message) -> None:
    """Without end."""
    await asyncio.Event().wait()


async def fails(message: Message) -> None:
    """By a limit of its own."""
    raise TimeoutError("of its own")


async def test_a_run_that_takes_too_long_is_ended() -> None:
    """As if the handler had raised Retry, which counts, with the limit in its words."""
    with pytest.raises(Retry, match=r"longer than timeout_s=0\.01"):
        await within(waits, 0.01)(Message("t", b""))


async def test_a_limit_of_the_handlers_own_is_its_own() -> None:
    """It goes on as it is."""
    with pytest.raises(TimeoutError, match="of its own"):
        await within(fails, 60)(Message("t", b""))


async def test_cancelled_is_cancelled() -> None:
    """From outside, deadline or not."""
    task = asyncio.ensure_future(within(waits, 60)(Message("t", b"")))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
