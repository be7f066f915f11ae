"""A broker that uses topic aliases, which the model broker does not: its PUBLISH packets shortened.

The other direction is the core's own; ``publishes`` and ``witness`` judge it.
"""

from __future__ import annotations

from holdfast.codec import Decoder, Packet, Publish, encode
from holdfast.testing.simulator.scenario import Scenario

PUBLISH = 3


class Aliaser:
    """One connection's aliases, no more than the client allows (MQTT 5 §3.3.2.3.4)."""

    def __init__(self, scenario: Scenario) -> None:
        self._scenario = scenario
        self._aliases: dict[str, int] = {}

    def shorten(self, data: bytes) -> bytes:
        """One packet: a PUBLISH gets an alias, and loses its topic where the alias is known."""
        if data[0] >> 4 != PUBLISH:
            return data
        packets: list[Packet] = []
        Decoder(self._scenario.version).feed(data, packets)
        packet = packets[0]
        assert isinstance(packet, Publish)
        alias = self._aliases.get(packet.topic)
        topic = "" if alias else packet.topic
        if alias is None and len(self._aliases) < self._scenario.topic_alias_maximum:
            alias = self._aliases[packet.topic] = len(self._aliases) + 1
        if alias is None:
            return data
        packet.topic, packet.properties = topic, {**packet.properties, "topic_alias": alias}
        shortened = encode(packet, self._scenario.version)
        return shortened if len(shortened) <= self._scenario.max_packet_bytes else data
