"""What reached the broker, seen from its side: in which order, how often, and what it objected to."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from holdfast.codec import Publish
from holdfast.testing.model import BrokerCore
from holdfast.testing.simulator.herald import STATUS
from holdfast.testing.simulator.promises import Promise, PromiseBroken
from holdfast.testing.simulator.publishes import seq_of
from holdfast.testing.simulator.scenario import OUR_TOPICS

if TYPE_CHECKING:
    from holdfast.testing.simulator.world import World

SILENCE = "MQTT-3.1.2-22"
"""In the broker's sentence about a client it has not heard: what a hole or a frozen process does."""


class Witness:
    """``arrivals`` counts per message how often it went onward; ``refusing``: some are refused on purpose.

    ``rolled_back``: the broker has come back as it once was, so that nothing it took counts (contract 6).
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._accepted = self._routed = 0
        self._last_first = [0, 0, 0]
        self._first: set[int] = set()
        self.arrivals: Counter[int] = Counter()
        self.refusing = False
        self.rolled_back = False

    def restarted(self) -> None:
        """A new core tells its story from the beginning."""
        self._accepted = self._routed = 0

    def look(self, core: BrokerCore) -> None:
        """What is new since the last look."""
        for sentence in core.violations:
            if SILENCE not in sentence:
                raise PromiseBroken(Promise.STRICT, sentence)
        core.violations.clear()
        while self._accepted < len(core.accepted):
            self._arrived(core.accepted[self._accepted])
            self._accepted += 1
        while self._routed < len(core.routed):
            self._went_onward(core.routed[self._routed])
            self._routed += 1

    def _arrived(self, packet: Publish) -> None:
        """First arrivals of a class are in accept order, but for those refused before (contract 8)."""
        if packet.topic == STATUS or not packet.qos or seq_of(packet.payload) in self._first:
            return
        seq = seq_of(packet.payload)
        self._first.add(seq)
        priority, excused = self._world.priorities[seq], seq in self._world.out_of_line
        if seq < self._last_first[priority] and not (self.refusing or self.rolled_back or excused):
            raise PromiseBroken(
                Promise.ORDER, f"message {seq} first arrived behind {self._last_first[priority]}"
            )
        self._last_first[priority] = max(seq, self._last_first[priority])

    def _went_onward(self, packet: Publish) -> None:
        if not packet.topic.startswith("out/"):
            return
        seq, world = seq_of(packet.payload), self._world
        if packet.topic != OUR_TOPICS[seq % len(OUR_TOPICS)]:
            raise PromiseBroken(Promise.ALIAS, f"message {seq} arrived on {packet.topic}")
        self.arrivals[seq] += 1
        if packet.qos == 2 and self.arrivals[seq] > 1:
            named = world.storage.resends and seq in world.disk.uncertain
            if not (self.rolled_back or named or seq in world.excused):
                raise PromiseBroken(Promise.ONCE_OUT, f"message {seq} arrived {self.arrivals[seq]} times")
            world.paths["QoS 2 doubled by a session loss, and named"] += 1
