"""Deliveries by hand, and what came of them."""

from __future__ import annotations

from typing import Any

from holdfast.client.brokers import Target
from holdfast.client.dispatcher import Consumer, Dispatcher, identifier_of
from holdfast.client.endings import Endings
from holdfast.client.events import Event, HandlerFailed, MessageDead
from holdfast.client.inbox import Inbox, Shared
from holdfast.client.state import State
from holdfast.handling import Retry
from holdfast.messages import QoS
from holdfast.protocol import Delivery
from holdfast.testing import eventually
from holdfast.testing.manual_clock import ManualClock
from holdfast.topics import Pattern


def delivery(
    topic: str, payload: str = "", qos: QoS = 1, *, by: tuple[str, ...] = (), **fields: Any
) -> Delivery:
    """A message; ``by``: the filters whose identifiers the broker named."""
    properties = {"subscription_identifier": tuple(map(identifier_of, by))} if by else {}
    packet_id = 7 if qos else 0
    return Delivery(topic, payload.encode(), qos, packet_id=packet_id, properties=properties, **fields)


def consumer(*filters: str, qos0_limit: int = 100) -> Consumer:
    """Someone who takes messages of these filters."""
    patterns = tuple(map(Pattern, filters))
    return Consumer(patterns, tuple(one.filter for one in patterns), Inbox(qos0_limit))


def texts(of: Consumer) -> list[str]:
    """The payloads in its inbox."""
    return [item[0].text() for item in of.inbox.items]


class Dispatch:
    """A dispatcher, its clock, and the acknowledgements it gave."""

    def __init__(self, unclaimed_s: float = 30) -> None:
        self.clock = ManualClock()
        self.acks: list[Delivery] = []
        self.unclaimed: list[Delivery] = []
        self.dispatcher = Dispatcher(self.clock, unclaimed_s)
        self.dispatcher.ack = self.ack
        self.dispatcher.on_unclaimed = self._nobody

    def _nobody(self, delivery: Delivery, shared: Shared | None) -> bool:
        self.unclaimed.append(delivery)
        self.dispatcher.finish(delivery, shared)
        return True

    def ack(self, delivery: Delivery) -> None:
        """The engine's side."""
        self.acks.append(delivery)

    def payloads(self) -> list[str]:
        """Those that were acknowledged, in order."""
        return [one.raw.decode() for one in self.acks]

    def finish(self, of: Consumer) -> None:
        """This consumer handles everything it has."""
        for _, one, _, shared in of.inbox.drain():
            self.dispatcher.finish(one, shared)


class Endpoint(Dispatch):
    """A dispatcher for handlers, and what became of their messages."""

    def __init__(self) -> None:
        super().__init__()
        self.state = State(Target("host:1", "mqtt://host:1"))
        self.endings = Endings(self.dispatcher.finish, self.state)
        self._events: list[Event] = []
        self.state.bus.add(self)

    def put(self, event: Event) -> None:
        """It was told."""
        self._events.append(event)

    def end(self) -> None:
        """No more are told."""

    def send(self, *payloads: str, topic: str = "t/x", qos: QoS = 1) -> None:
        """Messages come in."""
        self.dispatcher.deliver([delivery(topic, payload, qos) for payload in payloads])

    @property
    def failures(self) -> list[HandlerFailed]:
        """The runs that raised."""
        return [event for event in self._events if isinstance(event, HandlerFailed)]

    @property
    def dead(self) -> list[MessageDead]:
        """The dead letters."""
        return [event for event in self._events if isinstance(event, MessageDead)]


class Slow:
    """A handler that has the message "slow" tried again after a moment; ``got``: what it was given."""

    def __init__(self) -> None:
        self.got: list[str] = []

    def handle(self, payload: str) -> None:
        """On a thread."""
        self.got.append(payload)
        if payload == "slow":
            raise Retry(delay_s=0.02)

    async def handle_here(self, payload: str) -> None:
        """On the loop."""
        self.handle(payload)


async def given_up_in_its_pause(running: Endpoint, slow: Slow) -> None:
    """Its message is acknowledged and not handled again, and the next has its turn."""
    gone: list[bool] = []
    running.endings.given_up = lambda delivery: delivery.text() == "slow" and bool(gone)
    running.send("slow", "next")
    await eventually(lambda: running.failures)
    gone.append(True)
    await eventually(lambda: running.payloads() == ["slow", "next"])
    assert slow.got == ["slow", "next"]
