"""What became of what we say of ourselves: an event each, and a word in the log."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from holdfast.client.brokers import Target
from holdfast.client.event_bus import EventBus
from holdfast.client.events import AnnouncementRefused, Event, Reasserted, Unwatched
from holdfast.client.presence import Presence
from holdfast.client.state import State
from holdfast.protocol import Announced
from holdfast.protocol import Reasserted as Again
from holdfast.protocol import Unwatched as Deaf


class Heard(EventBus):
    """What was told."""

    def __init__(self) -> None:
        super().__init__()
        self.events: list[Event] = []

    def emit(self, event: Event) -> None:
        self.events.append(event)


@pytest.fixture
def heard(caplog: pytest.LogCaptureFixture) -> tuple[Presence, Heard]:
    """One run, and its events."""
    caplog.set_level(logging.DEBUG, "holdfast")
    state, bus = State(Target("host:1", "mqtt://host:1")), Heard()
    state.bus = bus
    return Presence(state), bus


def test_what_went_well_is_no_news(heard: tuple[Presence, Heard]) -> None:
    """Acknowledged, with or without subscribers (0x10)."""
    presence, bus = heard
    presence.told(Announced("status", 0, False))
    presence.told(Announced("status", 0x10, True))
    assert bus.events == []


@pytest.mark.parametrize(("last", "what"), [(False, "birth"), (True, "offline notice")])
def test_a_refusal_is_told(
    heard: tuple[Presence, Heard], caplog: pytest.LogCaptureFixture, last: bool, what: str
) -> None:
    """Which of the two, where, and why."""
    presence, bus = heard
    presence.told(Announced("status", 0x87, last))
    (event,) = bus.events
    assert isinstance(event, AnnouncementRefused)
    assert (event.topic, event.code) == ("status", 0x87)
    assert event.message == f"our {what} on status was refused: Not authorized"
    assert [record.levelname for record in caplog.records] == ["WARNING"]


def test_a_birth_that_was_said_again(heard: tuple[Presence, Heard], caplog: pytest.LogCaptureFixture) -> None:
    """It is how it should be: told, and no warning."""
    presence, bus = heard
    presence.told(Again("status"))
    assert [(type(event), event.topic) for event in bus.events] == [(Reasserted, "status")]  # type: ignore[attr-defined]
    assert [record.levelname for record in caplog.records] == ["INFO"]


def test_a_topic_that_cannot_be_watched_is_told_once(heard: tuple[Presence, Heard]) -> None:
    """It is asked for at every connection, and refused at each."""
    presence, bus = heard
    for _ in range(3):
        presence.told(Deaf("status", 0x87))
    found: list[Any] = bus.events
    assert [(type(event), event.topic, event.code) for event in found] == [(Unwatched, "status", 0x87)]
