"""In some seeds the client probes (contract 21): what it asks, and when a link may end for it."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Any

from holdfast.codec import Publish
from holdfast.protocol import Delivery, Probed, SessionEvent
from holdfast.protocol.prober import topic_of
from holdfast.testing.simulator.promises import Promise, PromiseBroken
from holdfast.testing.simulator.scenario import CLIENT_ID

if TYPE_CHECKING:
    from holdfast.testing.simulator.tap import Tap
    from holdfast.testing.simulator.world import World

PROBE = topic_of(CLIENT_ID)
HALF_OPEN = 0x83


class Sounder:
    """Dice of its own, so that other seeds live as they lived."""

    def __init__(self, world: World, seed: int) -> None:
        self._world = world
        dice = Random(f"sounder {seed}")
        # As with the herald: what a lost connection left unanswered frees its identifier.
        self._probes = dice.random() < 0.2 and not world.storage.few_ids
        self._interval_s = dice.choice((1.0, 3.0))
        self._question = b""
        self._asked = 0.0
        self._proven = False

    def asks(self) -> dict[str, Any]:
        """For CONNECT: nothing is proven on this connection."""
        self._question, self._proven = b"", False
        return {"probe_s": self._interval_s, "probe_nonce": "sounder"} if self._probes else {}

    def leaves(self, packet: Publish) -> bool:
        """Whether this is a question."""
        if packet.topic != PROBE:
            return False
        if packet.qos or packet.retain or packet.payload == self._question:
            raise PromiseBroken(Promise.PROBE, f"{packet} is no question")
        self._question, self._asked = packet.payload, self._world.now
        return True

    def arrives(self, packet: Publish) -> None:
        """Something comes in; it may be the answer."""
        self._proven = self._proven or packet.payload == self._question

    def started(self, delivery: Delivery) -> None:
        """A message is given to its handler."""
        if delivery.topic == PROBE:
            raise PromiseBroken(Promise.PROBE, f"{delivery} was given to a handler")

    def heard(self, event: SessionEvent) -> None:
        """An event of the session."""
        if isinstance(event, Probed):
            self._world.paths[f"probe: {event.state}"] += 1

    def alarm(self, tap: Tap | None) -> None:
        """The link is ended as half open."""
        if tap is None or not self._proven or tap.heard > self._asked:
            raise PromiseBroken(Promise.PROBE, f"ended, although proven: {self._proven}, or bytes came in")
