"""Typed events: what happened, for whoever wants to know."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from weakref import WeakSet

from holdfast.client.waiting import Signal
from holdfast.errors import HoldfastError

CAPACITY = 1000


@dataclass(frozen=True, kw_only=True)
class Event:
    """Something that happened. ``name`` is the class name in snake_case."""

    message: str
    at: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def name(self) -> str:
        """The event's name, as in ``session_lost``."""
        return re.sub(r"(?<!^)(?=[A-Z])", "_", type(self).__name__).lower()


@dataclass(frozen=True, kw_only=True)
class Connected(Event):
    """CONNACK accepted us."""

    version: str
    session_present: bool


@dataclass(frozen=True, kw_only=True)
class Disconnected(Event):
    """An accepted connection ended."""

    cause: str
    hint: str | None


@dataclass(frozen=True, kw_only=True)
class ConnectFailed(Event):
    """One attempt failed; the next follows in ``retry_in_s`` seconds (None: it was the last)."""

    cause: str
    hint: str | None
    retry_in_s: float | None


@dataclass(frozen=True, kw_only=True)
class SessionLost(Event):
    """The broker forgot our session: ``resent`` messages go out again, ``uncertain`` are QoS 2."""

    resent: int
    uncertain: int


@dataclass(frozen=True, kw_only=True)
class Subscribed(Event):
    """A subscription is live."""

    filter: str
    qos: int


@dataclass(frozen=True, kw_only=True)
class SubscriptionRefused(Event):
    """The broker refused a subscription; it is asked for again at the next connection."""

    filter: str
    code: int


@dataclass(frozen=True, kw_only=True)
class MessageFailed(Event):
    """A message of ours ended without an acknowledgement."""

    id: int
    error: HoldfastError


@dataclass(frozen=True, kw_only=True)
class HandlerFailed(Event):
    """A handler raised; the message counts as handled and is acknowledged."""

    topic: str
    payload: bytes = field(repr=False)
    error: BaseException


@dataclass(frozen=True, kw_only=True)
class Unclaimed(Event):
    """Messages on this topic found no handler or reader in time and were acknowledged."""

    topic: str
    payload: bytes = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class MessageSkipped(Event):
    """A 3.1.1 broker sent a message above our limit; it was read past and acknowledged."""

    topic: str
    size: int


@dataclass(frozen=True, kw_only=True)
class PropertiesDropped(Event):
    """Messages go out without content type and user properties, which MQTT 3.1.1 cannot carry."""

    topic: str


@dataclass(frozen=True, kw_only=True)
class Dropped(Event):
    """QoS 0 messages were given up because there was no room."""

    count: int


@dataclass(frozen=True, kw_only=True)
class Odd(Event):
    """The broker did something unusual that was put right here; ``kind`` says what."""

    kind: str


@dataclass(frozen=True, kw_only=True)
class Overrun(Event):
    """This reader was too slow: so many older events are missing before this one."""

    missed: int


class EventBus:
    """Hands every event to every reader, each with a bounded queue; a reader nobody holds is gone."""

    def __init__(self) -> None:
        self._readers: WeakSet[_Reader] = WeakSet()

    def emit(self, event: Event) -> None:
        """Tell all readers."""
        for reader in self._readers:
            reader.put(event)

    def read(self) -> AsyncIterator[Event]:
        """Events from this call on."""
        reader = _Reader(self._readers)
        self._readers.add(reader)
        return reader

    def close(self) -> None:
        """End every reader once it has read what waits for it."""
        for reader in tuple(self._readers):
            reader.end()
        self._readers.clear()


class _Reader(AsyncIterator[Event]):
    def __init__(self, readers: WeakSet[_Reader]) -> None:
        self._readers = readers
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
        self._readers.discard(self)
        self.end()
