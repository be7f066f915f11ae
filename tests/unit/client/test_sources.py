"""The silence watch of handlers: what it makes of messages, the link and time."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator

import pytest

from holdfast import Client
from holdfast.client.core import Core
from holdfast.client.dispatcher import Consumer
from holdfast.client.engine import Engine
from holdfast.client.events import Event
from holdfast.client.sources import Sources
from holdfast.handling import HandlerOptions, silence
from holdfast.protocol import Granted, Terms
from holdfast.testing import eventually
from holdfast.testing.manual_clock import ManualClock
from tests.unit.client.consuming import consumer, delivery, texts

EVERY = 60.0
TERMS = Terms(5, "core", False, 3600, 60)


class Rig:
    """A watch on a clock by hand, in a run that is connected; its timer is ours to fire."""

    def __init__(self, run: Core, clock: ManualClock) -> None:
        self.run = run
        self.clock = clock
        self.events: list[Event] = []
        run.dispatcher._clock = clock
        self.sources = Sources(clock, run.engine, run.dispatcher, run.intents, run.state)
        self.reader = self.watched("gw/+/hb")
        self.connect()

    def watched(self, filter: str) -> Consumer:
        """One more handler."""
        one = consumer(filter)
        self.run.intents.want([filter], HandlerOptions())
        self.run.intents.granted(Granted(filter, 1))
        self.run.dispatcher.add(one)
        self.sources.watch(one, EVERY)
        return one

    def connect(self) -> None:
        self.run.state.terms = TERMS
        self.run.dispatcher.opened(5)

    def heard(self, topic: str) -> None:
        self.run.dispatcher.deliver([delivery(topic, "x")])

    def later(self, seconds: float) -> None:
        """Time passes, and each timer fires when it would."""
        end = self.clock.now() + seconds
        while (at := min(one.silence._next for one in self.sources._watched)) <= end:
            self.clock.advance_to(at)
            for one in self.sources._watched:
                if one.silence._next <= at:
                    one._timer.cancel()
                    one._look()
        self.clock.advance_to(end)

    def told(self) -> list[str]:
        told, self.events[:] = self.events[:], []
        return [f"{event.name} {event.__dict__.get('topic', '')}" for event in told]


@pytest.fixture
async def rig(run: Core, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Rig]:
    """Its events are those of watches alone."""
    rig = Rig(run, ManualClock())
    emit = run.state.emit

    def noted(event: Event, level: int = logging.INFO) -> None:
        if event.name.startswith("source"):
            rig.events.append(event)
        emit(event, level)

    monkeypatch.setattr(run.state, "emit", noted)
    yield rig
    rig.sources.close()


async def test_silence_and_return_are_events(rig: Rig, caplog: pytest.LogCaptureFixture) -> None:
    """A WARNING with topic and seconds, once; the handler gets its messages as ever; the snapshot has it."""
    caplog.set_level(logging.INFO, "holdfast")
    rig.heard("gw/1/hb")
    rig.later(EVERY)
    assert rig.told() == ["source_silent gw/1/hb"]
    assert "nothing came on gw/1/hb for 60.0 s, expected every 60 s" in caplog.text
    assert (rig.sources.silent, rig.sources.named) == (1, ("gw/1/hb",))
    rig.later(5)
    rig.heard("gw/1/hb")
    assert rig.told() == ["source_back gw/1/hb"]
    assert "gw/1/hb is back, after 65.0 s" in caplog.text
    assert (rig.sources.silent, rig.sources.named) == (0, ())
    assert texts(rig.reader) == ["x", "x"]


async def test_nothing_at_all_is_told_of_the_handler(rig: Rig) -> None:
    """By its filters, for there is no topic yet."""
    rig.later(EVERY)
    assert rig.told() == ["source_silent gw/+/hb"]


@pytest.mark.parametrize("why", ["no link", "not granted", "not read"])
async def test_what_is_no_fault_of_the_source_is_not_told(run: Core, rig: Rig, why: str) -> None:
    """Ten intervals without a link, a grant or reading; then it has its whole interval again."""
    rig.heard("gw/1/hb")
    pressure = engine_of_run(run).pressure
    if why == "no link":
        run.state.terms = None
    elif why == "not granted":
        run.intents.session_lost()
    else:
        pressure.reading = False
    rig.later(10 * EVERY)
    run.intents.granted(Granted("gw/+/hb", 1))
    pressure.reading = True
    rig.connect()
    rig.later(EVERY - 1)
    assert rig.told() == []
    rig.later(1)
    assert rig.told() == ["source_silent gw/1/hb"]


def engine_of_run(run: Core) -> Engine:
    assert isinstance(run.engine, Engine)
    return run.engine


async def test_a_link_that_comes_back_between_two_looks_counts_anew(rig: Rig) -> None:
    """Lost and up again half an interval later: no look saw it, and it counts all the same."""
    rig.heard("gw/1/hb")
    rig.later(EVERY / 2)
    rig.connect()
    rig.later(EVERY - 1)
    assert rig.told() == []


async def test_several_handlers_have_their_own(rig: Rig) -> None:
    """Each its sources; whoever leaves takes them along, and has its messages as before."""
    other = rig.watched("box/+")
    rig.heard("gw/1/hb")
    rig.later(EVERY)
    assert sorted(rig.told()) == ["source_silent box/+", "source_silent gw/1/hb"]
    assert rig.sources.silent == 2
    rig.sources.leave(other)
    assert rig.sources.named == ("gw/1/hb",)
    rig.heard("box/1")
    assert texts(other) == ["x"]
    assert rig.told() == []


async def test_more_sources_than_are_watched_are_told_once(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The bound is said, and not for each topic above it."""
    monkeypatch.setattr(silence, "MOST", 2)
    for number in range(10):
        rig.heard(f"gw/{number}/hb")
    assert rig.told() == ["sources_forgotten "]
    assert "gw/+/hb: more than" in caplog.text


async def test_without_it_messages_go_as_ever(rig: Rig) -> None:
    """Off is no wrapper at all."""
    plain = consumer("plain")
    rig.sources.watch(plain, None)
    assert plain.put == plain.inbox.put


async def test_the_timer_is_one_and_ends_with_the_run(client: Client, run: Core) -> None:
    """On the loop's own time: told without a message; after the end nothing is."""
    run.state.terms = TERMS
    one = consumer("a")
    run.intents.want(["a"], HandlerOptions())
    run.intents.granted(Granted("a", 1))
    run.sources.watch(one, 0.02)
    await eventually(lambda: run.sources.silent == 1)
    (watched,) = run.sources._watched
    run.sources.close()
    assert watched._timer.cancelled()
    assert run.sources.silent == 0
