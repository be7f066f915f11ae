"""Several waits as one, and the events of several clients as one (contract 25)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, TypeVar

from holdfast.client.event_bus import EventBus
from holdfast.client.events import Event

T = TypeVar("T")


async def together(works: Iterable[Awaitable[Any]]) -> None:
    """Wait for all of these; the first error is raised, and ends the others."""
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()


async def to_the_end(work: Callable[[], T]) -> T:
    """What this gives, on a thread; a cancellation waits for its end, so that it can be undone then."""
    task = asyncio.ensure_future(asyncio.to_thread(work))
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        task.exception()
        raise


class Relay:
    """A reader of several buses, which tells their events to one."""

    def __init__(self, bus: EventBus) -> None:
        self.put: Callable[[Event], None] = bus.emit
        self.forked: Callable[[], None] = bus.forked

    def end(self) -> None:
        """One of them has ended; the others go on."""
