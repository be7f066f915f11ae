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

    def join(self, qos: int, packet_id: int, payload: bytes | None) -> None:
        """A PUBLISH came; the same one again on the same connection keeps its place."""
        line = self._lines[qos - 1]
        if (packet_id, payload) in line:
            self._world.paths["redelivery on the same connection"] += 1
            return
        line.append((packet_id, payload))
        if len(self._lines[0]) + len(self._lines[1]) > self._limit:
            self._world.paths["more in flight than our Receive Maximum"] += 1

    def acknowledge(self, qos: int, packet_id: int) -> None:
        """PUBACK or PUBREC leaves: it must be the head's, and its handler must be done."""
        line = self._lines[qos - 1]
        if not line or line[0][0] != packet_id:
            raise PromiseBroken(
                Promise.ACK_ORDER, f"QoS {qos} acknowledgement for {packet_id}, the line is {list(line)[:5]}"
            )
        self._world.inbox.acknowledged(self._process, qos, *line.popleft())
