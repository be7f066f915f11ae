"""Packets to bytes.

PUBLISH and the acknowledgements have functions of their own that build no packet object, because
they are sent by the thousand; everything else goes through a table of functions by class.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from holdfast.codec.connect import encode_connect
from holdfast.codec.packet_types import (
    AUTH,
    CONNACK,
    CONNECT,
    DISCONNECT,
    NAMES,
    PINGREQ,
    PINGRESP,
    PUBACK,
    PUBCOMP,
    PUBLISH,
    PUBREC,
    PUBREL,
    SUBACK,
    SUBSCRIBE,
    UNSUBACK,
    UNSUBSCRIBE,
    first_byte,
)
from holdfast.codec.packets import (
    V5,
    V311,
    Auth,
    Connack,
    Connect,
    Disconnect,
    Packet,
    Pingreq,
    Pingresp,
    Puback,
    Pubcomp,
    Publish,
    Pubrec,
    Pubrel,
    Suback,
    Subscribe,
    SubscribeOption,
    Unsuback,
    Unsubscribe,
    Version,
)
from holdfast.codec.properties import encode_properties
from holdfast.codec.wire import write_number, write_text, write_varint
from holdfast.errors import ConfigurationError
from holdfast.messages import Properties

TOPICS_KEPT = 2_048
"""Topics whose bytes are remembered ..."""

TOPIC_CHARACTERS_KEPT = 128
"""... if they are no longer than this: together the bound of the cache."""

_NO_IDENTIFIER = "packet identifier {} is not 1 to 65535 [MQTT-2.2.1-3]"

_topics: dict[str, bytes] = {}
_FIRST_BYTES = [bytes((first_byte(kind),)) for kind in range(16)]
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
            raise ConfigurationError(_NO_IDENTIFIER.format(packet_id))
        tail = packet_id.to_bytes(2, "big") + tail
    size = len(prefix) + len(tail) + len(payload)
    flags = (8 if dup else 0) | qos << 1 | (1 if retain else 0)
    if size < 128:
        return b"".join((_HEADS[flags][size], prefix, tail, payload))
    if size < 16_384:
        return b"".join((b"%c%c%c" % (0x30 | flags, size & 0x7F | 0x80, size >> 7), prefix, tail, payload))
    return b"".join((b"%c" % (0x30 | flags), write_varint(size, "size of PUBLISH"), prefix, tail, payload))


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


def encode(packet: Packet, version: Version) -> bytes:
    """The whole packet; a CONNECT in its own version. Raises ConfigurationError.

    What the version does not have (properties, most reason codes in 3.1.1) is left out.
    """
    if isinstance(packet, Publish):
        p = packet
        return encode_publish(p.topic, p.payload, p.qos, p.retain, p.dup, p.packet_id, p.properties, version)
    entry = _ENCODERS.get(type(packet))
    if entry is None:
        raise ConfigurationError(f"{type(packet).__name__} is not a packet that can be sent")
    packet_type, function = entry
    body = function(packet, version)
    return _FIRST_BYTES[packet_type] + write_varint(len(body), f"size of {NAMES[packet_type]}") + body


def _identifier(packet_id: int) -> bytes:
    if not 0 < packet_id < 65_536:
        raise ConfigurationError(_NO_IDENTIFIER.format(packet_id))
    return packet_id.to_bytes(2, "big")


def _properties(properties: Properties, packet_type: int, version: Version) -> bytes:
    return encode_properties(properties, packet_type) if version == V5 else b""


def _ending(reason: int, properties: Properties, packet_type: int) -> bytes:
    """Reason code and properties, left out from the end where they say nothing (MQTT 5 §3.4.2.1)."""
    if properties:
        return write_number(reason, 1, "reason code") + encode_properties(properties, packet_type)
    return write_number(reason, 1, "reason code") if reason else b""


def _acknowledgement(packet_type: int) -> Callable[[Any, Version], bytes]:
    def encoder(packet: Puback | Pubrec | Pubrel | Pubcomp, version: Version) -> bytes:
        head = _identifier(packet.packet_id)
        if version == V311:
            return head
        return head + _ending(packet.reason, packet.properties, packet_type)

    return encoder


def _connect(packet: Connect, version: Version) -> bytes:
    return encode_connect(packet)


def _connack(packet: Connack, version: Version) -> bytes:
    head = bytes((packet.session_present,)) + write_number(packet.reason, 1, "reason code")
    return head + _properties(packet.properties, CONNACK, version)


def _subscribe(packet: Subscribe, version: Version) -> bytes:
    head = _identifier(packet.packet_id) + _properties(packet.properties, SUBSCRIBE, version)
    return head + b"".join(_option(option, version) for option in packet.options)


def _option(option: SubscribeOption, version: Version) -> bytes:
    bits: int = option.qos
    if version == V5:
        bits |= option.no_local << 2 | option.retain_as_published << 3 | option.retain_handling << 4
    return write_text(option.filter, "topic filter") + write_number(bits, 1, "subscription options")


def _suback(packet: Suback, version: Version) -> bytes:
    head = _identifier(packet.packet_id) + _properties(packet.properties, SUBACK, version)
    return head + _codes(packet.reasons)


def _codes(codes: list[int]) -> bytes:
    return b"".join(write_number(code, 1, "reason code") for code in codes)


def _unsubscribe(packet: Unsubscribe, version: Version) -> bytes:
    head = _identifier(packet.packet_id) + _properties(packet.properties, UNSUBSCRIBE, version)
    return head + b"".join(write_text(filter, "topic filter") for filter in packet.filters)


def _unsuback(packet: Unsuback, version: Version) -> bytes:
    head = _identifier(packet.packet_id)
    if version == V311:
        return head
    return head + encode_properties(packet.properties, UNSUBACK) + _codes(packet.reasons)


def _empty(packet: Pingreq | Pingresp, version: Version) -> bytes:
    return b""


def _disconnect(packet: Disconnect, version: Version) -> bytes:
    return b"" if version == V311 else _ending(packet.reason, packet.properties, DISCONNECT)


def _auth(packet: Auth, version: Version) -> bytes:
    if version == V311:
        raise ConfigurationError("3.1.1 has no AUTH packet", hint="speak version 5")
    return _ending(packet.reason, packet.properties, AUTH)


_ENCODERS: dict[type, tuple[int, Callable[[Any, Version], bytes]]] = {
    Connect: (CONNECT, _connect),
    Connack: (CONNACK, _connack),
    Puback: (PUBACK, _acknowledgement(PUBACK)),
    Pubrec: (PUBREC, _acknowledgement(PUBREC)),
    Pubrel: (PUBREL, _acknowledgement(PUBREL)),
    Pubcomp: (PUBCOMP, _acknowledgement(PUBCOMP)),
    Subscribe: (SUBSCRIBE, _subscribe),
    Suback: (SUBACK, _suback),
    Unsubscribe: (UNSUBSCRIBE, _unsubscribe),
    Unsuback: (UNSUBACK, _unsuback),
    Pingreq: (PINGREQ, _empty),
    Pingresp: (PINGRESP, _empty),
    Disconnect: (DISCONNECT, _disconnect),
    Auth: (AUTH, _auth),
}
