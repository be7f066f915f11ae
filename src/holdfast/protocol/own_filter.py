"""A topic filter that is ours, not the application's: no intent, no event, no part of what is wanted.

It is asked for on each connection and given up before DISCONNECT. Its QoS is 0, so that a broker keeps
no message for it, should it be left in a kept session all the same.
"""

from __future__ import annotations

from holdfast.codec import V5, Packet, Suback, Subscribe, SubscribeOption, Unsuback, Unsubscribe, encode
from holdfast.protocol.ids import PacketIds
from holdfast.protocol.journal import Journal
from holdfast.protocol.terms import Terms
from holdfast.protocol.wire import Wire

UNSPECIFIED_ERROR = 0x80
PACKET_TOO_LARGE = 0x95

HANGUPS = 3
"""Connections that ended without an answer, after which one does without.

Some brokers hang up on who may not subscribe or publish, and would at every connection.
"""


LONGEST = 1000
"""Characters of a client id in a topic of ours; namesakes behind that differ in their nonces."""

_ENCODED = str.maketrans({character: f"%{ord(character):02X}" for character in "%+#/"})


def own_topic(purpose: str, client_id: str) -> str:
    """A topic of this client alone; what has a meaning in topics and filters is percent-encoded."""
    return f"holdfast/{purpose}/{client_id.translate(_ENCODED)[:LONGEST]}"


class OwnFilter:
    """The requests about it that are in flight."""

    def __init__(self, journal: Journal, wire: Wire, ids: PacketIds) -> None:
        self._journal = journal
        self._wire = wire
        self._ids = ids
        self._terms = Terms(V5, "", False, 0, 0)
        self._asked: dict[int, type[Packet]] = {}

    def open(self, terms: Terms) -> None:
        """CONNACK came."""
        self._terms = terms

    def ask(self, topic: str) -> bool:
        """SUBSCRIBE; False: this broker takes no packet so large [MQTT-3.2.2-15]."""
        return self._request(Subscribe(self._ids.take(), [SubscribeOption(topic)]))

    def give_up(self, topic: str) -> bool:
        """UNSUBSCRIBE; False as with ``ask``."""
        return self._request(Unsubscribe(self._ids.take(), [topic]))

    def _request(self, packet: Subscribe | Unsubscribe) -> bool:
        data, limit = encode(packet, self._terms.version), self._terms.max_packet_bytes
        if limit is not None and len(data) > limit:
            self._ids.free(packet.packet_id)
            return False
        self._asked[packet.packet_id] = type(packet)
        self._wire.put(data, self._journal.gate)
        return True

    def answered(self, packet: Suback | Unsuback) -> bool:
        """Whether this is the answer to a request of ours."""
        if self._asked.pop(packet.packet_id, None) is None:
            return False
        self._ids.free(packet.packet_id)
        return True

    def lost(self) -> bool:
        """The connection is gone; whether it took a SUBSCRIBE of ours along."""
        asking = Subscribe in self._asked.values()
        for packet_id in self._asked:
            self._ids.free(packet_id)
        self._asked.clear()
        return asking
