"""What several packet types share: a packet identifier, reason codes, properties at the end."""

from __future__ import annotations

from holdfast import reasons
from holdfast.codec.errors import protocol_error
from holdfast.codec.packet_types import NAMES
from holdfast.codec.properties import decode_properties
from holdfast.codec.wire import bounded, identifier_of, need, read_byte
from holdfast.messages import NO_PROPERTIES, Properties

REASONS_OF = [reasons.IN_PACKET.get(name, frozenset()) for name in NAMES]
"""By packet type: the reason codes it may carry."""


def read_identifier(data: bytes, pos: int, end: int, packet_type: int) -> tuple[int, int]:
    stop = need(pos, 2, end)
    return identifier_of(data, pos, NAMES[packet_type]), stop


def read_reason(data: bytes, pos: int, end: int, packet_type: int) -> tuple[int, int]:
    code, pos = read_byte(data, pos, end)
    if code not in REASONS_OF[packet_type]:
        raise protocol_error(f"{NAMES[packet_type]} with reason code 0x{code:02X}, which it cannot carry")
    return code, pos


def read_ending(data: bytes, pos: int, end: int, packet_type: int) -> tuple[int, Properties, int]:
    """Both may be left out from the end, properties first (MQTT 5 §3.4.2.1, §3.14.2.1)."""
    code, properties = reasons.SUCCESS, NO_PROPERTIES
    if pos < end:
        code, pos = read_reason(data, pos, end, packet_type)
    if pos < end:
        properties, pos = decode_properties(data, pos, end, packet_type)
    return code, properties, pos


def read_reasons(data: bytes, pos: int, end: int, packet_type: int, known: frozenset[int]) -> list[int]:
    bounded(end - pos, NAMES[packet_type])
    codes = list(data[pos:end])
    if not codes:
        raise protocol_error(f"{NAMES[packet_type]} without a reason code")
    for code in codes:
        if code not in known:
            raise protocol_error(f"{NAMES[packet_type]} with reason code 0x{code:02X}, which it cannot carry")
    return codes
