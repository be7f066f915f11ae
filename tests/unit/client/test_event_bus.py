"""Events reach every reader, within bounds."""

from __future__ import annotations

import asyncio
import gc
import threading

import pytest

from holdfast.client.event_bus import CAPACITY, EventBus, EventQueue
from holdfast.client.events import Odd, Overrun


def odd(text: str) -> Odd:
    """An event."""
    return Odd(message=text, kind="test")


async def test_every_reader_gets_every_event_from_its_call_on() -> None:
    """A reader begins with its call; the end comes after what waits."""
    bus = EventBus()
    first = bus.read()
    bus.emit(odd("1"))
    second = bus.read()
    bus.emit(odd("2"))
    bus.close()
    assert [event.message async for event in first] == ["1", "2"]
    assert [event.message async for event in second] == ["2"]


async def test_waiting_reader_is_woken_by_event_and_end() -> None:
    """A reader that waits gets the event at once, and ends with the bus."""
    bus = EventBus()
    reader = bus.read()
    waits = [asyncio.ensure_future(anext(reader)) for _ in range(2)]
    await asyncio.sleep(0)
    bus.emit(odd("1"))
    done, left = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED, timeout=1)
    assert [one.result().message for one in done] == ["1"]
    bus.close()
    with pytest.raises(StopAsyncIteration):
        await left.pop()


async def test_overrun_says_how_many_are_missing() -> None:
    """Beyond the capacity the oldest are dropped, and the reader is told how many."""
    bus = EventBus()
    reader = bus.read()
    for number in range(CAPACITY + 3):
        bus.emit(odd(str(number)))
    told = await anext(reader)
    assert isinstance(told, Overrun)
    assert told.missed == 3
    assert (await anext(reader)).message == "3"


async def test_closed_and_forgotten_readers_cost_nothing() -> None:
    """aclose ends one reader; one that nobody holds is gone by itself."""
    bus = EventBus()
    reader, other = bus.read(), bus.read()
    await reader.aclose()  # type: ignore[attr-defined]
    with pytest.raises(StopAsyncIteration):
        await anext(reader)
    del other
    gc.collect()
    bus.emit(odd("nobody hears it"))
    assert bus._readers == ()


def test_readers_come_and_go_while_it_tells() -> None:
    """On other threads: nobody trips over a table that changes, and who stays misses nothing."""
    bus, over = EventBus(), threading.Event()
    heard: list[int] = []

    class Counting:
        def put(self, event: object) -> None:
            heard.append(1)

        def end(self) -> None:
            """Nothing waits."""

    stays = Counting()
    bus.add(stays)

    def come_and_go() -> None:
        while not over.is_set():
            reader = Counting()
            bus.add(reader)
            bus.discard(reader)

    threads = [threading.Thread(target=come_and_go) for _ in range(3)]
    for thread in threads:
        thread.start()
    for number in range(2000):
        bus.emit(odd(str(number)))
    over.set()
    for thread in threads:
        thread.join()
    assert len(heard) >= 2000
    bus.close()
    assert bus._readers == ()


async def test_a_copy_in_a_forked_child() -> None:
    """Its readers end when they have read what was there, those that come later, too."""
    bus = EventBus()
    reader = bus.read()
    assert isinstance(reader, EventQueue)
    bus.emit(odd("before"))
    bus._lock.acquire()
    reader._lock.acquire()
    bus.forked()
    assert [event.message async for event in reader] == ["before"]
    assert [event async for event in bus.read()] == []
