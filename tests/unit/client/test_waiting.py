"""Signal: who waits is woken, in time or not at all, and nothing is left behind."""

from __future__ import annotations

import asyncio

import pytest

from holdfast.client.waiting import Signal


async def test_notify_wakes_all_who_wait() -> None:
    """Everyone who waits sees the change; a later waiter waits for the next one."""
    signal = Signal()
    state = [0]
    waits = [asyncio.create_task(signal.wait_until(lambda: state[0] > 0, None)) for _ in range(3)]
    await asyncio.sleep(0)
    assert signal
    signal.notify()  # nothing has changed: they wait on
    await asyncio.sleep(0)
    assert not any(wait.done() for wait in waits)
    state[0] = 1
    signal.notify()
    assert await asyncio.gather(*waits) == [True, True, True]
    assert not signal


async def test_true_at_once_waits_for_nothing() -> None:
    """A check that holds needs no notify and no turn of the loop."""
    assert await Signal().wait_until(lambda: True, 0)


async def test_time_runs_out() -> None:
    """False when time ran out, also under notifications that change nothing; no waiter is left."""
    signal = Signal()
    waiting = asyncio.create_task(signal.wait_until(lambda: False, 0.02))
    while not waiting.done():
        signal.notify()
        await asyncio.sleep(0.001)
    assert await waiting is False
    assert not signal


async def test_cancelled() -> None:
    """A cancelled wait leaves nothing behind."""
    signal = Signal()
    waiting = asyncio.create_task(signal.wait(None))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert not signal
