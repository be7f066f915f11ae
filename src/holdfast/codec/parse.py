"""Bodies to packets, for every type but PUBLISH: a table of functions by first byte.

Each function takes the bytes, the positions where the body begins and ends, and the version; it gives
the packet and the position behind what it read, and :func:`parse` checks that nothing is left over.
"""

from __future__ import annotations

from collections.abc import Callable

from holdfast import reasons
from holdfast.codec.connect import decode_connect
from holdfast.codec.errors import MalformedPacket, protocol_error
from holdfast.codec.fields import read_ending, read_identifier, read_reason
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
    V311,
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
    Version,
)
from holdfast.codec.properties import decode_properties
from holdfast.codec.subscriptions import decode_suback, decode_subscribe, decode_unsuback, decode_unsubscribe
from holdfast.codec.wire import read_byte
from holdfast.messages import NO_PROPERTIES


def parse(first: int, data: bytes, pos: int, end: int, version: Version) -> Packet:
    """The packet whose body is ``data[pos:end]``. Raises MalformedPacket."""
    packet, pos = parser_of(first, version)(data, pos, end, version)
    if pos != end:
        raise MalformedPacket(f"{NAMES[first >> 4]} holds {end - pos} bytes too many")
    return packet


def parser_of(first: int, version: Version) -> _Parser:
    """The function for packets with this first byte. Raises MalformedPacket when there are none."""
    function = _PARSERS.get(first)
    if function is None or (version == V311 and first == first_byte(AUTH)):
        raise MalformedPacket(_no_such_packet(first, version))
    return function


def _no_such_packet(first: int, version: Version) -> str:
    kind = first >> 4
    if not kind or (kind == AUTH and version == V311):
        return f"packet type {kind} is reserved (MQTT 5 §2.1.2)"
    return f"{NAMES[kind]} with the illegal flags {first & 15:04b} [MQTT-2.1.3-1]"


_Parser = Callable[[bytes, int, int, Version], tuple[Packet, int]]


def _acknowledgement(
    packet_type: int, build: type[Puback] | type[Pubrec] | type[Pubrel] | type[Pubcomp]
) -> _Parser:
    def parser(data: bytes, pos: int, end: int, version: Version) -> tuple[Packet, int]:
        packet_id, pos = read_identifier(data, pos, end, packet_type)
        if version == V311:
            return build(packet_id), pos
        code, properties, pos = read_ending(data, pos, end, packet_type)
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
        code, pos = read_reason(data, pos, end, CONNACK)
        properties, pos = decode_properties(data, pos, end, CONNACK)
    if code and flags:
        raise protocol_error(f"CONNACK refuses with 0x{code:02X} and has a session present [MQTT-3.2.2-6]")
    return Connack(bool(flags), code, properties), pos


def _pingreq(data: bytes, pos: int, end: int, version: Version) -> tuple[Pingreq, int]:
    return Pingreq(), pos


def _pingresp(data: bytes, pos: int, end: int, version: Version) -> tuple[Pingresp, int]:
    return Pingresp(), pos


def _disconnect(data: bytes, pos: int, end: int, version: Version) -> tuple[Disconnect, int]:
    if version == V311:
        return Disconnect(), pos
    code, properties, pos = read_ending(data, pos, end, DISCONNECT)
    return Disconnect(code, properties), pos


def _auth(data: bytes, pos: int, end: int, version: Version) -> tuple[Auth, int]:
    """The method may be missing only where all of the body is (MQTT 5 §3.15.2.1, §3.15.2.2.2)."""
    empty = pos == end
    code, properties, pos = read_ending(data, pos, end, AUTH)
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
    SUBSCRIBE: decode_subscribe,
    SUBACK: decode_suback,
    UNSUBSCRIBE: decode_unsubscribe,
    UNSUBACK: decode_unsuback,
    PINGREQ: _pingreq,
    PINGRESP: _pingresp,
    DISCONNECT: _disconnect,
    AUTH: _auth,
}

_PARSERS = {first_byte(packet_type): function for packet_type, function in _BY_TYPE.items()}
