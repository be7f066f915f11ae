"""Signal: who waits is woken, in time or not at all, and nothing is left behind."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from math import inf, nan
from typing import Any

import pytest

from holdfast import Client, Outbox
from holdfast.client.waiting import Signal
from holdfast.errors import ConfigurationError
from holdfast.sync import over
from holdfast.testing import Broker


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


def test_a_thread_waits() -> None:
    """As a coroutine does: woken by each notify, or when time has run out; nothing is left behind."""
    signal, state = Signal(), [0]
    got: list[bool] = []
    thread = threading.Thread(target=lambda: got.append(signal.block_until(lambda: state[0] == 2, 5)))
    thread.start()
    while not signal.watched:
        thread.join(0.001)
    for number in (1, 2):
        state[0] = number
        signal.notify()
    while thread.is_alive():  # woken by the first, it may have gone to sleep again behind the second
        signal.notify()
        thread.join(0.001)
    assert got == [True]
    assert signal.block_until(lambda: True, 0)
    assert not signal.block_until(lambda: False, 0.01)
    assert not signal.watched


async def test_watched_before_the_first_look() -> None:
    """Who changes something on another thread sees that it must be told here, however early it is."""
    signal, seen = Signal(), list[bool]()

    def check() -> bool:
        seen.append(signal.watched)
        return True

    await signal.wait_until(check, None)
    signal.block_until(check, 0)
    assert seen == [True, True]
    assert not signal.watched


@pytest.mark.parametrize("blocking", [False, True])
async def test_what_is_no_time(blocking: bool) -> None:
    """NaN is refused by every wait of either face, with nothing begun; infinity is a long time."""
    outbox = Outbox(max_messages=3)
    with Broker() as broker:
        async with Client(broker.url, outbox=outbox) as client:
            await client.ready(inf)
            broker.hold("PUBACK")
            receipt = await client.publish("t", "x")
            waits: list[Callable[[float], Any]] = [
                client.ready,
                client.flush,
                receipt.acknowledged,
                client.stop,
            ]
            if blocking:
                handle = over(client)
                receipts = await asyncio.to_thread(handle.publish, "t", "x")
                waits = [handle.ready, handle.flush, receipts.acknowledged, handle.stop]
            for wait in waits:
                with pytest.raises(ConfigurationError, match="not a number"):
                    await (asyncio.to_thread(wait, nan) if blocking else wait(nan))
            acknowledged = asyncio.create_task(
                asyncio.to_thread(waits[2], inf) if blocking else receipt.acknowledged(inf)
            )
            broker.release()
            await asyncio.wait_for(acknowledged, 5)
