"""Packets to bytes.

A table of functions by class. For what is sent by the thousand see ``codec.encode_messages``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from holdfast.codec.connect import encode_connect
from holdfast.codec.encode_messages import NO_IDENTIFIER, encode_publish
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

_FIRST_BYTES = [bytes((first_byte(kind),)) for kind in range(16)]


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
        raise ConfigurationError(NO_IDENTIFIER.format(packet_id))
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
