"""What handlers have seen: every inbound message by its payload, which no other message has.

A retained message comes again with every new subscription, so it is held to nothing but the order
of its acknowledgement.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from holdfast.protocol import Delivery
from holdfast.testing.simulator.herald import STATUS
from holdfast.testing.simulator.promises import Promise, PromiseBroken

if TYPE_CHECKING:
    from holdfast.testing.simulator.driver import Driver
    from holdfast.testing.simulator.world import World

RETAINED = b"retained"
ACKNOWLEDGED = -1
"""Stands in ``_taken`` for the serial number of a process: PUBREC has left."""


class Inbox:
    """Handlers running, finished, and messages taken."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._running: dict[tuple[int, int, bytes], int] = {}
        self._done: set[tuple[int, bytes]] = set()
        self._taken: dict[tuple[int, bytes], int] = {}
        self.handled: set[bytes] = set()
        self.swallowed: set[bytes] = set()

    def killed(self) -> None:
        """Handlers die with their process."""
        self._running, self._done = {}, set()

    def forgiven(self) -> None:
        """The broker was rolled back: what it had been told of is news to it."""
        self._taken = {}

    def abandoned(self) -> None:
        """Handlers were cancelled: what they had not finished comes again."""
        self._running = {}
        self._taken = {key: by for key, by in self._taken.items() if by == ACKNOWLEDGED}

    def handles(self, packet_id: int, payload: bytes) -> bool:
        """Whether this very message is with a handler."""
        return any(key[1:] == (packet_id, payload) for key in self._running)

    def started(self, delivery: Delivery, process: Driver) -> None:
        """A message is given to its handler."""
        self._world.sounder.started(delivery)
        if delivery.topic == STATUS:
            raise PromiseBroken(Promise.PRESENCE, f"{delivery} was given to a handler")
        if not delivery.qos:
            return
        key = (delivery.epoch, delivery.packet_id, delivery.payload)
        # To a broker that came back as it once was it is a new message.
        anew = self._world.broker.witness.rolled_back and not delivery.duplicate
        if key in self._running and not anew:
            raise PromiseBroken(Promise.ATTACH, f"{delivery} was given to a second handler")
        if any(packet_id == delivery.packet_id for _, packet_id, _ in self._running):
            self._world.paths["another message under an identifier being handled"] += 1
        self._running[key] = delivery.qos
        if delivery.qos == 2 and not delivery.payload.startswith(RETAINED):
            self._take(delivery.payload, process)

    def _take(self, payload: bytes, process: Driver) -> None:
        assert process.tap is not None
        key = (process.tap.generation, payload)
        before = self._taken.get(key)
        if before in (ACKNOWLEDGED, process.serial):
            promise = Promise.ONCE_IN if before == ACKNOWLEDGED else Promise.ATTACH
            raise PromiseBroken(promise, f"{payload[:40]!r} came to a handler a second time")
        if before is not None:
            self._world.paths["QoS 2 handled again after a kill"] += 1
        self._taken[key] = process.serial

    def finished(self, delivery: Delivery) -> None:
        """A handler has returned."""
        self.handled.add(delivery.payload)
        if delivery.qos:
            self._running.pop((delivery.epoch, delivery.packet_id, delivery.payload), None)
            self._done.add((delivery.packet_id, delivery.payload))

    def _mistaken(self, process: Driver) -> bool:
        world = self._world
        return world.broker.witness.rolled_back or (
            process.tap is not None and process.tap.generation in world.mistaken
        )

    def acknowledged(self, process: Driver, qos: int, packet_id: int, payload: bytes | None) -> None:
        """PUBACK or PUBREC leaves for this message."""
        if payload is None:
            return
        epoch = process.session._receiver.epoch
        done = (packet_id, payload) in self._done or (qos == 2 and payload in self.handled)
        if not done and qos == 2 and self._mistaken(process):
            self._world.paths["QoS 2 swallowed by an identifier that the broker has forgotten"] += 1
            self.swallowed.add(payload)
        elif not done or (epoch, packet_id, payload) in self._running:
            raise PromiseBroken(
                Promise.ACK_AFTER_HANDLER, f"{packet_id} ({payload[:40]!r}) is acknowledged, not handled"
            )
        if qos == 2 and process.tap is not None:
            self._taken[process.tap.generation, payload] = ACKNOWLEDGED
