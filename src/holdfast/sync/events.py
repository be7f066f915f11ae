"""Events for a thread."""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.client.blocking import Bell
from holdfast.client.event_bus import EventBus, EventQueue
from holdfast.client.events import Event
from holdfast.sync.home import Home, check


class Events(EventQueue, Iterator[Event]):
    """The events of one bus from now on: put in on the client's loop, read on one thread."""

    def __init__(self, bus: EventBus, home: Home) -> None:
        """Made by ``Client.events``."""
        super().__init__()
        self._home = home
        self._bell = Bell()
        bus.add(self)

    def _wake(self) -> None:
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
            self._bell.sleep(lambda: not self._events and not self._ended)
