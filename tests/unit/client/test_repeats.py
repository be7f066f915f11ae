"""The door before a handler that wants each message once: what goes in, what waits, what is acknowledged."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import pytest

from holdfast import Message
from holdfast.client.brokers import Target
from holdfast.client.inbox import Item, Shared
from holdfast.client.remembered import Known
from holdfast.client.repeats import Deduping
from holdfast.client.state import State
from holdfast.handling import Key, Router
from holdfast.handling.repeats import digest_of
from holdfast.messages import QoS
from holdfast.protocol import Delivery
from tests.unit.client.consuming import Dispatch, consumer, delivery, texts


class Door:
    """A dispatcher, a handler's inbox behind it, and what was acknowledged."""

    def __init__(
        self,
        key: Key = "@payload",
        opening: Callable[[Item], Item] | None = None,
        memory: Memory | Known | None = None,
    ) -> None:
        router = Router()

        @router.on("t/{line}", dedupe=key)
        async def handle(message: Message) -> None:
            """Never run here."""

        self.here = Dispatch()
        self.state = State(Target("host:1", "mqtt://host:1"))
        dispatcher = self.here.dispatcher
        self.door = Deduping(router.handlers[0], dispatcher, self.state, opening, memory or Known())
        self.reader = consumer("t/{line}", qos0_limit=2)
        self.door.attach(self.reader)
        self.here.dispatcher.add(self.reader)

    def comes(self, *payloads: str, qos: QoS = 1, **fields: Any) -> None:
        self.here.dispatcher.deliver([delivery("t/1", payload, qos, **fields) for payload in payloads])

    def take(self) -> tuple[Delivery, Shared | None]:
        """The handler gets the next."""
        _, one, _, shared = self.reader.inbox.pop()
        return one, shared

    @property
    def acks(self) -> list[str]:
        return [one.text() for one in self.here.acks]


def test_a_repeat_of_what_was_handled_is_acknowledged_and_not_handled() -> None:
    """Counted; another key is another message."""
    door = Door()
    door.comes("a")
    door.door.finish(*door.take())
    door.comes("a", "b")
    assert texts(door.reader) == ["b"]
    assert door.acks == ["a", "a"]
    assert door.state.repeats == 1


def test_a_repeat_of_what_is_being_handled_waits_for_it() -> None:
    """In hand or still in the inbox: it takes no place there, and is acknowledged behind the first."""
    door = Door()
    door.comes("a")
    first = door.take()
    door.comes("a", "a")
    assert texts(door.reader) == []
    assert door.acks == []
    door.door.finish(*first)
    assert door.acks == ["a", "a", "a"]
    assert door.state.repeats == 2


def test_a_failure_is_no_handling() -> None:
    """The first is a dead letter: the one that waited is handled in its place, the next waits for that."""
    door = Door()
    door.comes("a")
    first = door.take()
    door.comes("a", "a")
    door.door.gave_up(*first)
    assert door.acks == ["a"]
    assert texts(door.reader) == ["a"]
    door.door.finish(*door.take())
    assert door.acks == ["a", "a", "a"]
    assert door.state.repeats == 1


def test_what_has_no_key_is_handled_each_time(caplog: pytest.LogCaptureFixture) -> None:
    """A member that is missing is no news; a key that cannot be read is said once."""
    door = Door("$.id")
    door.comes('{"id": 1}', '{"id": 1}', '{"x": 1}', '{"x": 1}', "broken", "broken")
    assert texts(door.reader) == ['{"id": 1}', '{"x": 1}', '{"x": 1}', "broken", "broken"]
    for _ in range(5):
        door.door.finish(*door.take())
    assert len(door.acks) == 6
    said = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert len(said) == 1
    assert "handled without a look for repeats" in said[0].message


def test_qos_0_without_room_is_not_being_handled() -> None:
    """It was dropped: its key is free, and the next with it is handled when there is room."""
    door = Door()
    door.comes("a", "b", "c", qos=0)
    assert door.here.dispatcher.dropped == 1
    door.door.finish(*door.take())
    door.comes("c", qos=0)
    assert texts(door.reader) == ["b", "c"]


def test_qos_0_that_waited_is_dropped_where_there_is_no_room() -> None:
    """Its first is a dead letter while the inbox is full: counted, and nothing of it is left."""
    door = Door()
    door.comes("a", qos=0)
    first = door.take()
    door.comes("a", "b", "c", qos=0)
    door.door.gave_up(*first)
    assert texts(door.reader) == ["b", "c"]
    assert door.here.dispatcher.dropped == 1
    assert door.acks == ["a", "a"]


def test_a_handler_that_leaves_gives_back_what_waits_for_its_repeat() -> None:
    """All of it goes to the next handler of the filter, none is acknowledged."""
    door = Door()
    door.comes("a", "a", "b")
    assert [item[0].text() for item in door.reader.drain()] == ["a", "a", "b"]
    assert door.acks == []
    assert door.reader.inbox.closed


def test_the_key_is_that_of_the_message_as_the_handler_gets_it() -> None:
    """A compressed payload is opened for it; what waits in the inbox stays as it came."""

    def opened(item: Item) -> Item:
        message = Message(item[0].topic, item[0].payload.lower())
        return message, *item[1:]

    door = Door(opening=opened)
    door.comes("A", "a")
    assert texts(door.reader) == ["A"]
    door.door.finish(*door.take())
    assert door.state.repeats == 1


def test_a_capture_may_be_the_key() -> None:
    """Of the filter that the message came by."""
    door = Door("{line}")
    door.comes("a", "b")
    assert texts(door.reader) == ["a"]


class Memory:
    """Another process has handled ``known``; what is remembered is durable when the test says so."""

    most = 10

    def __init__(self, *known: str) -> None:
        self._known = known
        self.loaded: Callable[[dict[bytes, None]], None] | None = None
        self.waiting: list[Callable[[], None]] = []

    def load(self, then: Callable[[dict[bytes, None]], None]) -> None:
        self.loaded = then

    def saw(self, digest: bytes, then: Callable[[], None]) -> None:
        self.waiting.append(then)

    def read(self) -> None:
        assert self.loaded is not None
        self.loaded(dict.fromkeys(digest_of(key.encode()) for key in self._known))


def test_an_acknowledgement_waits_for_the_file() -> None:
    """Handled, and not yet remembered: neither it nor its repeat is acknowledged."""
    memory = Memory()
    door = Door(memory=memory)
    memory.read()
    door.comes("a")
    door.door.finish(*door.take())
    door.comes("a")
    assert door.acks == []
    memory.waiting.pop()()
    assert door.acks == ["a", "a"]
    assert door.state.repeats == 1


def test_what_another_process_has_handled_is_a_repeat() -> None:
    """What comes while that is read waits, in its order; then the handler gets what is new."""
    memory = Memory("a")
    door = Door(memory=memory)
    door.comes("a", "b", "a", "c")
    assert texts(door.reader) == []
    memory.read()
    assert texts(door.reader) == ["b", "c"]
    assert door.acks == ["a", "a"]


def test_what_waits_for_the_file_is_given_back() -> None:
    """The handler leaves before it is read, and what is read then is for nobody."""
    memory = Memory("a")
    door = Door(memory=memory)
    door.comes("a", "b")
    assert [item[0].text() for item in door.reader.drain()] == ["a", "b"]
    memory.read()
    assert door.acks == []


def test_what_it_handled_before_it_ended_is_known_when_it_begins_again() -> None:
    """In memory too, whether it was handled before the end or by one left behind, after it."""
    memory = Known()
    before = Door(memory=memory)
    before.comes("a", "b")
    before.door.finish(*before.take())
    left_behind = before.take()
    before.reader.drain()
    after = Door(memory=memory)
    after.comes("a")
    before.door.finish(*left_behind)
    after.comes("b", "c")
    assert texts(after.reader) == ["c"]
    assert after.acks == ["a", "b"]
