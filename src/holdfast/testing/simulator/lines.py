"""What came in on one connection and waits for its acknowledgement, in wire order per QoS."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from holdfast.codec import V5
from holdfast.protocol import ConnectRequest
from holdfast.testing.simulator.promises import Promise, PromiseBroken

if TYPE_CHECKING:
    from holdfast.testing.simulator.driver import Driver
    from holdfast.testing.simulator.world import World

Arrival = tuple[int, bytes | None]
"""Packet identifier and payload; None when the packet was too big to be read."""


class Lines:
    """The two lines of contract 13, kept a second time."""

    def __init__(self, world: World, process: Driver, request: ConnectRequest) -> None:
        self._world = world
        self._process = process
        self._limit = request.receive_maximum if request.version == V5 else 65_535
        self._lines: tuple[deque[Arrival], deque[Arrival]] = (deque(), deque())
        self._unreleased: set[int] = set()

    def join(self, qos: int, packet_id: int, payload: bytes | None) -> None:
        """A PUBLISH came; the same one again on the same connection keeps its place."""
        line = self._lines[qos - 1]
        if (packet_id, payload) in line:
            self._world.paths["redelivery on the same connection"] += 1
            return
        line.append((packet_id, payload))
        taken = len(self._lines[0]) + len(self._lines[1]) + len(self._unreleased)
        if taken > self._limit and self._process.link is not self._world.overfilled:
            raise PromiseBroken(Promise.OUR_WINDOW, f"PUBLISH {packet_id} is one more than {self._limit}")

    def acknowledge(self, qos: int, packet_id: int) -> None:
        """PUBACK or PUBREC leaves: it must be the head's, and its handler must be done."""
        line = self._lines[qos - 1]
        if not line or line[0][0] != packet_id:
            raise PromiseBroken(
                Promise.ACK_ORDER, f"QoS {qos} acknowledgement for {packet_id}, the line is {list(line)[:5]}"
            )
        self._world.inbox.acknowledged(self._process, qos, *line.popleft())
        if qos == 2:
            self._unreleased.add(packet_id)

    def complete(self, packet_id: int) -> None:
        """PUBCOMP leaves."""
        self._unreleased.discard(packet_id)
