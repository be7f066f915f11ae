"""Several waits as one, and the events of several clients as one (contract 25)."""

from __future__ import annotations

import asyncio
import threading

import pytest

from holdfast.client.event_bus import EventBus
from holdfast.client.events import Event
from holdfast.client.together import Relay, to_the_end, together


async def test_the_first_error_ends_the_others() -> None:
    """Nobody goes on waiting for what nobody wants any more."""
    ended = asyncio.Event()

    async def wait() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    async def fail() -> None:
        await asyncio.sleep(0)
        raise KeyError

    with pytest.raises(KeyError):
        await together([wait(), fail()])
    await asyncio.wait_for(ended.wait(), 5)
    await together([asyncio.sleep(0), asyncio.sleep(0)])


async def test_cancelled_it_waits_for_what_it_began() -> None:
    """What a thread does for us can be undone only when it has been done."""
    begun, go_on, done = threading.Event(), threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        go_on.wait(5)
        done.set()

    task = asyncio.create_task(to_the_end(work))
    await asyncio.to_thread(begun.wait, 5)
    task.cancel()
    await asyncio.sleep(0)
    assert not task.done()
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert done.is_set()
    assert await to_the_end(lambda: 7) == 7


async def test_many_buses_are_one() -> None:
    """The end of one is not the end of all."""
    one, two, all = EventBus(), EventBus(), EventBus()
    relay, events = Relay(all), all.read()
    for bus in (one, two):
        bus.add(relay)
    one.emit(Event(message="a"))
    one.close()
    two.emit(Event(message="b"))
    all.close()
    assert [event.message async for event in events] == ["a", "b"]
