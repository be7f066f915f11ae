"""Events reach every reader, within bounds."""

from __future__ import annotations

import asyncio
import gc

import pytest

from holdfast.client.events import CAPACITY, EventBus, HandlerFailed, MessageFailed, Odd, Overrun, SessionLost
from holdfast.errors import HoldfastError


def odd(text: str) -> Odd:
    """An event."""
    return Odd(message=text, kind="test")


def test_name_is_the_class_in_snake_case() -> None:
    """``SessionLost`` is session_lost."""
    assert SessionLost(message="", resent=0, uncertain=0).name == "session_lost"
    assert MessageFailed(message="", id=1, error=HoldfastError("x")).name == "message_failed"


def test_payloads_are_not_shown() -> None:
    """A payload may be anything: it is no part of the repr."""
    assert "secret" not in repr(HandlerFailed(message="m", topic="t", payload=b"secret", error=ValueError()))


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
