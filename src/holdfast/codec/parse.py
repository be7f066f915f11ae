"""Bodies to packets, for every type but PUBLISH: a table of functions by first byte.

Each function takes the bytes, the positions where the body begins and ends, and the version; it gives
the packet and the position behind what it read, and :func:`parse` checks that nothing is left over.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from holdfast import reasons
from holdfast.codec.connect import decode_connect
from holdfast.codec.errors import MalformedPacket, protocol_error
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
    QOS,
    V5,
    V311,
    Acknowledgement,
    Auth,
    Connack,
    Disconnect,
    Packet,
    Pingreq,
    Pingresp,
    Puback,
    Pubcomp,
    Pubrec,
    Pubrel,
    Suback,
    Subscribe,
    SubscribeOption,
    Unsuback,
    Unsubscribe,
    Version,
)
from holdfast.codec.properties import decode_properties
from holdfast.codec.wire import identifier_of, need, read_byte, read_text
from holdfast.messages import NO_PROPERTIES, Properties

_REASONS = [reasons.IN_PACKET.get(name, frozenset()) for name in NAMES]
_GRANTED_311 = frozenset((0, 1, 2, 0x80))
_RETAIN_HANDLING: tuple[Literal[0, 1, 2], ...] = (0, 1, 2)


def parse(first: int, data: bytes, pos: int, end: int, version: Version) -> Packet:
    """The packet whose body is ``data[pos:end]``. Raises MalformedPacket."""
    function = _PARSERS.get(first)
    if function is None or (version == V311 and first == first_byte(AUTH)):
        raise MalformedPacket(_no_such_packet(first, version))
    packet, pos = function(data, pos, end, version)
    if pos != end:
        raise MalformedPacket(f"{NAMES[first >> 4]} holds {end - pos} bytes too many")
    return packet


def _no_such_packet(first: int, version: Version) -> str:
    kind = first >> 4
    if not kind or (kind == AUTH and version == V311):
        return f"packet type {kind} is reserved (MQTT 5 §2.1.2)"
    return f"{NAMES[kind]} with the illegal flags {first & 15:04b} [MQTT-2.1.3-1]"


def _identifier(data: bytes, pos: int, end: int, packet_type: int) -> tuple[int, int]:
    stop = need(pos, 2, end)
    return identifier_of(data, pos, NAMES[packet_type]), stop


def _reason(data: bytes, pos: int, end: int, packet_type: int) -> tuple[int, int]:
    code, pos = read_byte(data, pos, end)
    if code not in _REASONS[packet_type]:
        raise protocol_error(f"{NAMES[packet_type]} with reason code 0x{code:02X}, which it cannot carry")
    return code, pos


def _reason_and_properties(data: bytes, pos: int, end: int, packet_type: int) -> tuple[int, Properties, int]:
    """Both may be left out from the end, properties first (MQTT 5 §3.4.2.1, §3.14.2.1)."""
    code, properties = reasons.SUCCESS, NO_PROPERTIES
    if pos < end:
        code, pos = _reason(data, pos, end, packet_type)
    if pos < end:
        properties, pos = decode_properties(data, pos, end, packet_type)
    return code, properties, pos


_Parser = Callable[[bytes, int, int, Version], tuple[Packet, int]]


def _acknowledgement(packet_type: int, build: Acknowledgement) -> _Parser:
    def parser(data: bytes, pos: int, end: int, version: Version) -> tuple[Packet, int]:
        packet_id, pos = _identifier(data, pos, end, packet_type)
        if version == V311:
            return build(packet_id), pos
        code, properties, pos = _reason_and_properties(data, pos, end, packet_type)
        return build(packet_id, code, properties), pos

    return parser


def _connack(data: bytes, pos: int, end: int, version: Version) -> tuple[Connack, int]:
    """In 5 also the two bytes of a server that speaks 3.1.1 only: its return code is the reason then."""
    flags, pos = read_byte(data, pos, end)
    if flags > 1:
        raise MalformedPacket(f"CONNACK with the reserved flags {flags:08b} set [MQTT-3.2.2-1]")
    properties = NO_PROPERTIES
    if version == V311 or (end - pos == 1 and data[pos] in reasons.RETURN_CODES):
        code, pos = read_byte(data, pos, end)
        if code and code not in reasons.RETURN_CODES:
            raise protocol_error(f"CONNACK with return code {code}, which is reserved (MQTT 3.1.1 §3.2.2.3)")
    else:
        code, pos = _reason(data, pos, end, CONNACK)
        properties, pos = decode_properties(data, pos, end, CONNACK)
    if code and flags:
        raise protocol_error(f"CONNACK refuses with 0x{code:02X} and has a session present [MQTT-3.2.2-6]")
    return Connack(bool(flags), code, properties), pos


def _subscribe(data: bytes, pos: int, end: int, version: Version) -> tuple[Subscribe, int]:
    packet_id, pos = _identifier(data, pos, end, SUBSCRIBE)
    properties = NO_PROPERTIES
    if version == V5:
        properties, pos = decode_properties(data, pos, end, SUBSCRIBE)
    options: list[SubscribeOption] = []
    while pos < end:
        filter, pos = _filter(data, pos, end)
        bits, pos = read_byte(data, pos, end)
        options.append(_option(filter, bits, version))
    if not options:
        raise protocol_error("SUBSCRIBE without a topic filter [MQTT-3.8.3-2]")
    return Subscribe(packet_id, options, properties), pos


def _filter(data: bytes, pos: int, end: int) -> tuple[str, int]:
    """Whether its wildcards stand well is the server's to judge: it can answer 0x8F for this one."""
    filter, pos = read_text(data, pos, end)
    if not filter:
        raise protocol_error("a topic filter is empty [MQTT-4.7.3-1]")
    return filter, pos


def _option(filter: str, bits: int, version: Version) -> SubscribeOption:
    """Bits 76 reserved, 54 retain handling, 3 retain as published, 2 no local, 10 QoS; 3.1.1 has QoS only."""
    if bits & (0xC0 if version == V5 else 0xFC):
        raise MalformedPacket(f"SUBSCRIBE to {filter!r} with reserved option bits {bits:08b} [MQTT-3.8.3-5]")
    qos, handling, no_local = bits & 3, bits >> 4 & 3, bool(bits & 4)
    if qos == 3 or handling == 3:
        raise protocol_error(f"SUBSCRIBE to {filter!r} with QoS {qos}, retain handling {handling}: 3 is none")
    if no_local and filter.startswith("$share/"):
        raise protocol_error(f"SUBSCRIBE to {filter!r} with No Local [MQTT-3.8.3-4]")
    return SubscribeOption(filter, QOS[qos], no_local, bool(bits & 8), _RETAIN_HANDLING[handling])


def _suback(data: bytes, pos: int, end: int, version: Version) -> tuple[Suback, int]:
    packet_id, pos = _identifier(data, pos, end, SUBACK)
    properties = NO_PROPERTIES
    if version == V5:
        properties, pos = decode_properties(data, pos, end, SUBACK)
    codes = _codes(data, pos, end, SUBACK, _GRANTED_311 if version == V311 else _REASONS[SUBACK])
    return Suback(packet_id, codes, properties), end


def _codes(data: bytes, pos: int, end: int, packet_type: int, known: frozenset[int]) -> list[int]:
    codes = list(data[pos:end])
    if not codes:
        raise protocol_error(f"{NAMES[packet_type]} without a reason code")
    for code in codes:
        if code not in known:
            raise protocol_error(f"{NAMES[packet_type]} with reason code 0x{code:02X}, which it cannot carry")
    return codes


def _unsubscribe(data: bytes, pos: int, end: int, version: Version) -> tuple[Unsubscribe, int]:
    packet_id, pos = _identifier(data, pos, end, UNSUBSCRIBE)
    properties = NO_PROPERTIES
    if version == V5:
        properties, pos = decode_properties(data, pos, end, UNSUBSCRIBE)
    filters: list[str] = []
    while pos < end:
        filter, pos = _filter(data, pos, end)
        filters.append(filter)
    if not filters:
        raise protocol_error("UNSUBSCRIBE without a topic filter [MQTT-3.10.3-2]")
    return Unsubscribe(packet_id, filters, properties), pos


def _unsuback(data: bytes, pos: int, end: int, version: Version) -> tuple[Unsuback, int]:
    packet_id, pos = _identifier(data, pos, end, UNSUBACK)
    if version == V311:
        return Unsuback(packet_id, []), pos
    properties, pos = decode_properties(data, pos, end, UNSUBACK)
    return Unsuback(packet_id, _codes(data, pos, end, UNSUBACK, _REASONS[UNSUBACK]), properties), end


def _pingreq(data: bytes, pos: int, end: int, version: Version) -> tuple[Pingreq, int]:
    return Pingreq(), pos


def _pingresp(data: bytes, pos: int, end: int, version: Version) -> tuple[Pingresp, int]:
    return Pingresp(), pos


def _disconnect(data: bytes, pos: int, end: int, version: Version) -> tuple[Disconnect, int]:
    if version == V311:
        return Disconnect(), pos
    code, properties, pos = _reason_and_properties(data, pos, end, DISCONNECT)
    return Disconnect(code, properties), pos


def _auth(data: bytes, pos: int, end: int, version: Version) -> tuple[Auth, int]:
    """The method may be missing only where all of the body is (MQTT 5 §3.15.2.1, §3.15.2.2.2)."""
    empty = pos == end
    code, properties, pos = _reason_and_properties(data, pos, end, AUTH)
    if not empty and "authentication_method" not in properties:
        raise protocol_error("AUTH without an authentication method (MQTT 5 §3.15.2.2.2)")
    return Auth(code, properties), pos


_BY_TYPE: dict[int, _Parser] = {
    CONNECT: decode_connect,
    CONNACK: _connack,
    PUBACK: _acknowledgement(PUBACK, Puback),
    PUBREC: _acknowledgement(PUBREC, Pubrec),
    PUBREL: _acknowledgement(PUBREL, Pubrel),
    PUBCOMP: _acknowledgement(PUBCOMP, Pubcomp),
    SUBSCRIBE: _subscribe,
    SUBACK: _suback,
    UNSUBSCRIBE: _unsubscribe,
    UNSUBACK: _unsuback,
    PINGREQ: _pingreq,
    PINGRESP: _pingresp,
    DISCONNECT: _disconnect,
    AUTH: _auth,
}

_PARSERS = {first_byte(packet_type): function for packet_type, function in _BY_TYPE.items()}
