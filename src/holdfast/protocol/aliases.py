"""Topic aliases on their way out (MQTT 5 §3.3.2.3.4): two bytes in place of a topic the broker knows.

What an alias does to a PUBLISH of a topic with n bytes: the one that sets it is 3 bytes longer (5 at
most, when a length grows by a byte), every later one n − 3 shorter. So the rule which topics get one:

    n ≥ 8                  it has paid for itself with its first use
    the second time        a topic that comes once would only get longer
    first come, first served, for the whole connection, and only as many as the broker takes

Nothing is given away again: with more topics than aliases, one that moves from topic to topic would
be set anew all the time and save nothing. An alias is set where its packet is encoded, which is when
it leaves and in the order it leaves; it ends with the connection [MQTT-3.3.2-7]. Sizes are judged
before, by the full topic, so an alias whose first packet would be too large is not set yet.
"""

from __future__ import annotations

from holdfast.codec import V5
from holdfast.codec.encode_aliased import aliased_head
from holdfast.messages import Outgoing
from holdfast.protocol.refusals import wire_size
from holdfast.protocol.terms import Terms
from holdfast.protocol.wire import Group

SHORTEST = 8
SEEN = 256
"""Topics remembered as seen once; those beyond it are not considered on this connection."""
SETTING = 5
HEADS = 1_024
"""Beginnings of packets kept to be used again, on one connection ..."""
LONGEST_KEPT = 128
"""... of topics no longer than this: together the bound of their memory."""

Shape = tuple[str, int, int, int, bool]
"""Topic, alias, size of the payload, QoS and RETAIN: what PUBLISH packets that begin alike have in common."""


class Aliases:
    """The aliases of one connection; ``active``: the broker takes any, and we want them."""

    __slots__ = ("_given", "_heads", "_limit", "_maximum", "_seen", "active")

    def __init__(self) -> None:
        self._begin(0, None)

    def open(self, terms: Terms) -> None:
        """A new connection knows no alias, and has limits of its own [MQTT-3.3.2-9]."""
        self._begin(terms.topic_aliases, terms.max_packet_bytes)

    def _begin(self, maximum: int, limit: int | None) -> None:
        self._maximum = maximum
        self._limit = limit
        self._given: dict[str, int] = {}
        self._seen: set[str] = set()
        self._heads: dict[Shape, tuple[bytes, bytes]] = {}
        self.active = maximum > 0

    def name(self, row: Outgoing) -> tuple[str, int]:
        """The topic that this PUBLISH carries, and the alias beside it (0: none); it leaves now."""
        topic = row.topic
        alias = self._given.get(topic)
        if alias is not None:
            return "", alias
        if len(self._given) < self._maximum and self._is_worth_it(row):
            alias = self._given[topic] = len(self._given) + 1  # from 1 on [MQTT-3.3.2-8]
            return topic, alias
        return topic, 0

    def _is_worth_it(self, row: Outgoing) -> bool:
        topic, seen = row.topic, self._seen
        if len(topic) < SHORTEST:
            return False
        if topic in seen:
            return self._limit is None or wire_size(row, V5) + SETTING <= self._limit
        if len(seen) < SEEN:
            seen.add(topic)
        return False

    def encode(self, group: Group, parts: list[bytes]) -> None:
        """As ``codec.encode_plain``: first sends of QoS 1 and 2 without properties of their own."""
        append, name, heads = parts.append, self.name, self._heads
        for packet_id, row in group:
            payload = row.payload
            topic, alias = name(row)
            shape = (topic, alias, len(payload), row.qos, row.retain)
            head, tail = heads.get(shape) or self._head(shape)
            append(head)
            append(packet_id.to_bytes(2, "big") + tail)
            append(payload)

    def _head(self, shape: Shape) -> tuple[bytes, bytes]:
        both = aliased_head(*shape)
        if len(self._heads) < HEADS and len(shape[0]) <= LONGEST_KEPT:
            self._heads[shape] = both
        return both
