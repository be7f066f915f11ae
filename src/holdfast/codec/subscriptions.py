"""SUBSCRIBE, UNSUBSCRIBE and their answers (MQTT 5 §3.8 to §3.11): bytes to packets."""

from __future__ import annotations

from typing import Literal

from holdfast.codec.errors import MalformedPacket, protocol_error
from holdfast.codec.fields import REASONS_OF, read_identifier, read_reasons
from holdfast.codec.packet_types import SUBACK, SUBSCRIBE, UNSUBACK, UNSUBSCRIBE
from holdfast.codec.packets import (
    QOS,
    V5,
    V311,
    Suback,
    Subscribe,
    SubscribeOption,
    Unsuback,
    Unsubscribe,
    Version,
)
from holdfast.codec.properties import decode_properties
from holdfast.codec.wire import bounded, read_byte, read_text
from holdfast.messages import NO_PROPERTIES

_GRANTED_311 = frozenset((0, 1, 2, 0x80))
_RETAIN_HANDLING: tuple[Literal[0, 1, 2], ...] = (0, 1, 2)


def decode_subscribe(data: bytes, pos: int, end: int, version: Version) -> tuple[Subscribe, int]:
    packet_id, pos = read_identifier(data, pos, end, SUBSCRIBE)
    properties = NO_PROPERTIES
    if version == V5:
        properties, pos = decode_properties(data, pos, end, SUBSCRIBE)
    options: list[SubscribeOption] = []
    while pos < end:
        filter, pos = _filter(data, pos, end)
        bits, pos = read_byte(data, pos, end)
        options.append(_option(filter, bits, version))
        bounded(len(options), "SUBSCRIBE")
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


def decode_suback(data: bytes, pos: int, end: int, version: Version) -> tuple[Suback, int]:
    packet_id, pos = read_identifier(data, pos, end, SUBACK)
    properties = NO_PROPERTIES
    if version == V5:
        properties, pos = decode_properties(data, pos, end, SUBACK)
    codes = read_reasons(data, pos, end, SUBACK, _GRANTED_311 if version == V311 else REASONS_OF[SUBACK])
    return Suback(packet_id, codes, properties), end


def decode_unsubscribe(data: bytes, pos: int, end: int, version: Version) -> tuple[Unsubscribe, int]:
    packet_id, pos = read_identifier(data, pos, end, UNSUBSCRIBE)
    properties = NO_PROPERTIES
    if version == V5:
        properties, pos = decode_properties(data, pos, end, UNSUBSCRIBE)
    filters: list[str] = []
    while pos < end:
        filter, pos = _filter(data, pos, end)
        filters.append(filter)
        bounded(len(filters), "UNSUBSCRIBE")
    if not filters:
        raise protocol_error("UNSUBSCRIBE without a topic filter [MQTT-3.10.3-2]")
    return Unsubscribe(packet_id, filters, properties), pos


def decode_unsuback(data: bytes, pos: int, end: int, version: Version) -> tuple[Unsuback, int]:
    packet_id, pos = read_identifier(data, pos, end, UNSUBACK)
    if version == V311:
        return Unsuback(packet_id, []), pos
    properties, pos = decode_properties(data, pos, end, UNSUBACK)
    return Unsuback(packet_id, read_reasons(data, pos, end, UNSUBACK, REASONS_OF[UNSUBACK]), properties), end
