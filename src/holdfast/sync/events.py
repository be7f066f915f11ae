"""Events for a thread."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from threading import Lock

from holdfast.client.blocking import Bell
from holdfast.client.event_bus import CAPACITY, EventBus
from holdfast.client.events import Event, Overrun
from holdfast.sync.home import Home, check


class Events(Iterator[Event]):
    """The events of one bus from now on: put in on the client's loop, read on one thread."""

    def __init__(self, bus: EventBus, home: Home) -> None:
        """Made by ``Client.events``."""
        self._home = home
        self._queue: deque[Event] = deque()
        self._lock = Lock()  # guards the queue and what it lost
        self._missed = 0
        self._ended = False
        self._bell = Bell()
        bus.add(self)

    def put(self, event: Event) -> None:
        """One happened."""
        with self._lock:
            if len(self._queue) >= CAPACITY:
                self._queue.popleft()
                self._missed += 1
            self._queue.append(event)
        self._bell.ring()

    def end(self) -> None:
        """No more follow."""
        self._ended = True
        self._bell.ring()

    def __next__(self) -> Event:
        """The next event; waits for it."""
        check(self._home)
        while True:
            ended = self._ended  # before the look: behind the end no event comes
            event = self._take()
            if event is not None:
                return event
            if ended:
                raise StopIteration
            self._bell.sleep(lambda: not self._queue and not self._ended)

    def _take(self) -> Event | None:
        with self._lock:
            if self._missed:
                missed, self._missed = self._missed, 0
                return Overrun(message=f"{missed} events were missed", missed=missed)
            return self._queue.popleft() if self._queue else None
