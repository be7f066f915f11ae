"""From what happens to whoever reads of it: bounded queues, which never hold up what they tell of."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator
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


class EventBus:
    """Hands every event to every reader, each with a bounded queue; a reader nobody holds is gone.

    Readers come and go on any thread; the table is replaced, not changed, so that nobody trips over that.
    """

    def __init__(self) -> None:
        self._readers: tuple[ref[Listener], ...] = ()
        self._lock = Lock()

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


class _Reader(AsyncIterator[Event]):
    def __init__(self, bus: EventBus) -> None:
        self._bus = bus
        self._queue: deque[Event] = deque()
        self._missed = 0
        self._ended = False
        self._news = Signal()

    def put(self, event: Event) -> None:
        if len(self._queue) >= CAPACITY:
            self._queue.popleft()
            self._missed += 1
        self._queue.append(event)
        self._news.notify()

    def end(self) -> None:
        self._ended = True
        self._news.notify()

    async def __anext__(self) -> Event:
        if self._missed:
            missed, self._missed = self._missed, 0
            return Overrun(message=f"{missed} events were missed", missed=missed)
        while not self._queue:
            if self._ended:
                raise StopAsyncIteration
            await self._news.wait(None)
        return self._queue.popleft()

    async def aclose(self) -> None:
        """Read no more."""
        self._bus.discard(self)
        self.end()
