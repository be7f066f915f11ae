"""From what happens to whoever reads of it: bounded queues, which never hold up what they tell of."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import AsyncIterator
from contextlib import suppress
from threading import Lock
from typing import Protocol
from weakref import ref

from holdfast.client.events import Event, Overrun
from holdfast.client.waiting import Signal

CAPACITY = 1000


class Listener(Protocol):
    """Who reads events."""

    def put(self, event: Event) -> None:
        """One happened."""

    def end(self) -> None:
        """No more follow."""


class EventQueue(ABC):
    """What one reader has yet to read: the newest, and how many it has missed. Filled on any thread."""

    def __init__(self) -> None:
        self._events: deque[Event] = deque()
        self._missed = 0
        self._ended = False
        self._lock = Lock()  # guards the events, and the count of those lost

    def put(self, event: Event) -> None:
        """One happened."""
        with self._lock:
            if len(self._events) >= CAPACITY:
                self._events.popleft()
                self._missed += 1
            self._events.append(event)
        self._wake()

    def end(self) -> None:
        """No more follow."""
        self._ended = True
        self._wake()

    @abstractmethod
    def _wake(self) -> None:
        """Let a reader that waits look again."""

    def forked(self) -> None:
        """This is a copy in a child of the process that runs the client: no more follow here."""
        self._lock = Lock()  # another thread may have held the other one
        self.end()

    def _take(self) -> Event | None:
        """The next, if there is one."""
        with self._lock:
            if self._missed:
                missed, self._missed = self._missed, 0
                return Overrun(message=f"{missed} events were missed", missed=missed)
            return self._events.popleft() if self._events else None


class EventBus:
    """Hands every event to every reader, each with a bounded queue; a reader nobody holds is gone.

    Readers come and go on any thread; the table is replaced, not changed, so that nobody trips over that.
    """

    def __init__(self) -> None:
        self._readers: tuple[ref[Listener], ...] = ()
        self._lock = Lock()
        self._over = False

    def emit(self, event: Event) -> None:
        """Tell all readers."""
        for one in self._readers:
            reader = one()
            if reader is not None:
                reader.put(event)
            else:
                self.discard(None)

    def read(self) -> AsyncIterator[Event]:
        """Events from this call on."""
        reader = _Reader(self)
        self.add(reader)
        return reader

    def add(self, reader: Listener) -> None:
        """Tell this one, too."""
        with self._lock:
            self._readers = (*self._readers, ref(reader))
        if self._over:
            self.close()

    def discard(self, reader: Listener | None) -> None:
        """Tell this one no more, nor those that are gone."""
        with self._lock:
            self._readers = tuple(one for one in self._readers if one() not in (None, reader))

    def close(self) -> None:
        """End every reader once it has read what waits for it."""
        with self._lock:
            readers, self._readers = self._readers, ()
        for one in readers:
            reader = one()
            if reader is not None:
                reader.end()

    def forked(self) -> None:
        """This is a copy in a child of the process that runs the client: nothing happens here any more."""
        self._lock, self._over = Lock(), True
        for one in self._readers:
            forked = getattr(one(), "forked", None)
            if forked is not None:
                forked()
        self.close()


class _Reader(EventQueue, AsyncIterator[Event]):
    def __init__(self, bus: EventBus) -> None:
        super().__init__()
        self._bus = bus
        self._news = Signal()
        self._loop: asyncio.AbstractEventLoop | None = None  # of who reads, which may be any

    def _wake(self) -> None:
        loop = self._loop
        if loop is None or loop is asyncio._get_running_loop():
            self._news.notify()
            return
        with suppress(RuntimeError):  # it was closed: nobody waits there any more
            loop.call_soon_threadsafe(self._news.notify)

    async def __anext__(self) -> Event:
        self._loop = asyncio.get_running_loop()  # before the look: what comes behind it wakes
        while (event := self._take()) is None:
            if self._ended:
                raise StopAsyncIteration
            await self._news.wait(None)
        return event

    async def aclose(self) -> None:
        """Read no more."""
        self._bus.discard(self)
        self.end()
