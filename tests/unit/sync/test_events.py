"""Events on a thread."""

from __future__ import annotations

import threading

import pytest

from holdfast.client.event_bus import CAPACITY, EventBus
from holdfast.client.events import Event, Odd, Overrun
from holdfast.sync import Client
from holdfast.sync.events import Events
from holdfast.testing import Broker


class Nowhere:
    """A home without a loop."""

    loop = None

    def open(self) -> None:
        """Nothing."""

    def enter(self) -> None:
        """There is nothing to stop."""

    def close(self, at_once: bool = False, wait_s: float = 0) -> None:
        """Nothing."""


def odd(number: int) -> Odd:
    """One of many."""
    return Odd(message=str(number), kind="test")


def test_from_the_call_to_the_end(broker: Broker) -> None:
    """Asked for before the start, read on another thread, ended by stop()."""
    client, names = Client(broker.url, client_id="x"), list[str]()
    events = client.events()
    reader = threading.Thread(target=lambda: names.extend(event.name for event in events))
    reader.start()
    with client:
        client.ready(5)
    reader.join(5)
    assert not reader.is_alive()
    assert names == ["connected"]


def test_a_slow_reader_is_told_what_it_missed() -> None:
    """Bounded; the newest are kept."""
    bus = EventBus()
    events = Events(bus, Nowhere())
    for number in range(CAPACITY + 3):
        bus.emit(odd(number))
    first = next(events)
    assert isinstance(first, Overrun)
    assert first.missed == 3
    assert next(events).message == "3"
    bus.close()
    assert len(list(events)) == CAPACITY - 1


def test_read_while_they_come() -> None:
    """One thread tells, another reads: each event once, in order."""
    bus = EventBus()
    events, read = Events(bus, Nowhere()), list[Event]()
    reader = threading.Thread(target=lambda: read.extend(events))
    reader.start()
    for number in range(CAPACITY):
        bus.emit(odd(number))
    bus.close()
    reader.join(5)
    assert [event.message for event in read] == list(map(str, range(CAPACITY)))


def test_the_last_event_comes_before_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both told between two looks of the reader: it reads the one, and then ends."""
    bus = EventBus()
    events = Events(bus, Nowhere())
    look = events._take

    def told_meanwhile() -> Event | None:
        monkeypatch.undo()
        found = look()
        bus.emit(odd(1))
        bus.close()
        return found

    monkeypatch.setattr(events, "_take", told_meanwhile)
    assert [event.message for event in events] == ["1"]
