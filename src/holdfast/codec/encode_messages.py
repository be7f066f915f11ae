"""PUBLISH and its acknowledgements to bytes, without a packet object: what is sent by the thousand."""

from __future__ import annotations

from collections.abc import Iterable

from holdfast.codec.packet_types import PUBLISH, first_byte
from holdfast.codec.packets import V311, Version
from holdfast.codec.properties import encode_properties
from holdfast.codec.wire import write_text, write_varint
from holdfast.errors import ConfigurationError
from holdfast.messages import Outgoing, Properties

NO_IDENTIFIER = "packet identifier {} is not 1 to 65535 [MQTT-2.2.1-3]"

TOPICS_KEPT = 2_048
"""Topics whose bytes are remembered ..."""

TOPIC_CHARACTERS_KEPT = 128
"""... if they are no longer than this: together the bound of the cache."""

_topics: dict[str, bytes] = {}
_ACK_HEADS = [bytes((first_byte(kind), 2)) for kind in range(16)]
_HEADS = [[bytes((0x30 | flags, size)) for size in range(128)] for flags in range(16)]


def encode_publish(
    topic: str,
    payload: bytes,
    qos: int,
    retain: bool,
    dup: bool,
    packet_id: int,
    properties: Properties,
    version: Version,
) -> bytes:
    """A whole PUBLISH. Raises ConfigurationError. Whether the topic is legal is the caller's to check."""
    prefix = _topics.get(topic)
    if prefix is None:
        prefix = _topic(topic)
    tail = b"" if version == V311 else encode_properties(properties, PUBLISH) if properties else b"\0"
    if qos:
        if not 0 < packet_id < 65_536:
            raise ConfigurationError(NO_IDENTIFIER.format(packet_id))
        tail = packet_id.to_bytes(2, "big") + tail
    size = len(prefix) + len(tail) + len(payload)
    flags = (8 if dup else 0) | qos << 1 | (1 if retain else 0)
    if size < 128:
        return b"".join((_HEADS[flags][size], prefix, tail, payload))
    if size < 16_384:
        return b"".join((b"%c%c%c" % (0x30 | flags, size & 0x7F | 0x80, size >> 7), prefix, tail, payload))
    return b"".join((b"%c" % (0x30 | flags), write_varint(size, "size of PUBLISH"), prefix, tail, payload))


def encode_plain(group: Iterable[tuple[int, Outgoing]], version: Version, parts: list[bytes]) -> None:
    """Append PUBLISH packets of QoS 1 and 2 without properties, each row under its packet identifier.

    What stands before the packet identifier is the same for messages of one size on one topic, so it
    is made once for a run of them.
    """
    append = parts.append
    topic, size, qos, retain, head = "", -1, 0, False, b""
    tail = b"" if version == V311 else b"\0"
    for packet_id, row in group:
        payload = row.payload
        if row.topic is not topic or len(payload) != size or row.qos != qos or row.retain is not retain:
            topic, size, qos, retain = row.topic, len(payload), row.qos, row.retain
            head = _plain_head(topic, size + len(tail), qos, retain)
        append(head)
        append(packet_id.to_bytes(2, "big") + tail)
        append(payload)


def _plain_head(topic: str, rest: int, qos: int, retain: bool) -> bytes:
    prefix = _topics.get(topic) or _topic(topic)
    size = write_varint(len(prefix) + 2 + rest, "size of PUBLISH")
    return b"%c" % (0x30 | qos << 1 | (1 if retain else 0)) + size + prefix


def _topic(topic: str) -> bytes:
    raw = write_text(topic, "topic")
    if len(topic) <= TOPIC_CHARACTERS_KEPT:
        if len(_topics) >= TOPICS_KEPT:
            _topics.clear()
        _topics[topic] = raw
    return raw


def encode_ack(packet_type: int, packet_id: int, reason: int, version: Version) -> bytes:
    """A whole PUBACK, PUBREC, PUBREL or PUBCOMP; the reason code 0 is left out (MQTT 5 §3.4.2.1).

    ``packet_id`` came from the wire, so it is taken as 1 to 65535.
    """
    if not reason or version == V311:
        return _ACK_HEADS[packet_type] + packet_id.to_bytes(2, "big")
    return b"%c\3%c%c%c" % (first_byte(packet_type), packet_id >> 8, packet_id & 255, reason)


def encode_acks(packet_type: int, packet_ids: Iterable[int]) -> bytes:
    """Whole PUBACK or PUBREC packets with reason code 0, one after the other; the same in both versions."""
    head = _ACK_HEADS[packet_type]
    return b"".join([head + packet_id.to_bytes(2, "big") for packet_id in packet_ids])
