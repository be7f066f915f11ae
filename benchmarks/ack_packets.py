"""The packets the ack server reads field by field: CONNECT and SUBSCRIBE, once per connection.

Everything that comes by the thousand is answered in `ack_session` without being read.
"""

from __future__ import annotations

from typing import NamedTuple

LARGEST_RECEIVE_MAXIMUM = 65_535

_RECEIVE_MAXIMUM = 0x21
_SUBSCRIPTION_IDENTIFIER = 0x0B

# How long the value of a property is, by its identifier (MQTT 5, table 2-4), for CONNECT and SUBSCRIBE only.
_FIXED_LENGTH = {0x11: 4, 0x17: 1, 0x19: 1, 0x21: 2, 0x22: 2, 0x27: 4}
_ONE_STRING = frozenset({0x15, 0x16})
_STRING_PAIR = 0x26


class ProtocolError(Exception):
    """The client sent something this server has no answer for; the run is void."""


class Connect(NamedTuple):
    version: int
    """4 is MQTT 3.1.1, 5 is MQTT 5."""
    receive_maximum: int


class Subscribe(NamedTuple):
    packet_id: bytes
    subscription_id: bytes
    """The property as it goes back in each PUBLISH: identifier and value, or nothing."""
    filters: list[tuple[bytes, int]]
    """Topic filter and the QoS asked for."""


def read_varint(data: bytes, at: int) -> tuple[int, int]:
    """Value and the position after it; the caller has made sure that all its bytes are there."""
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7


def varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def read_connect(data: bytes, at: int) -> Connect:
    """`at` is the position after the fixed header."""
    if data[at : at + 6] != b"\x00\x04MQTT":
        raise ProtocolError("the first packet is not a CONNECT of MQTT 3.1.1 or 5")
    version = data[at + 6]
    if version not in (4, 5):
        raise ProtocolError(f"protocol level {version}: this server speaks 4 (3.1.1) and 5")
    if version == 4:
        return Connect(version, LARGEST_RECEIVE_MAXIMUM)
    properties, _ = _properties(data, at + 10)
    announced = properties.get(_RECEIVE_MAXIMUM)
    return Connect(version, int.from_bytes(announced, "big") if announced else LARGEST_RECEIVE_MAXIMUM)


def read_subscribe(data: bytes, at: int, end: int, version: int) -> Subscribe:
    """`at` is the position after the fixed header, `end` that of the next packet."""
    packet_id = data[at : at + 2]
    at += 2
    subscription_id = b""
    if version == 5:
        properties, at = _properties(data, at)
        if value := properties.get(_SUBSCRIPTION_IDENTIFIER):
            subscription_id = bytes([_SUBSCRIPTION_IDENTIFIER]) + value
    filters = []
    while at < end:
        length = int.from_bytes(data[at : at + 2], "big")
        filters.append((data[at + 2 : at + 2 + length], data[at + 2 + length] & 3))
        at += length + 3
    return Subscribe(packet_id, subscription_id, filters)


def count_filters(data: bytes, at: int, end: int, version: int) -> int:
    """How many filters an UNSUBSCRIBE names; `at` is the position of its packet identifier."""
    at += 2
    if version == 5:
        _, at = _properties(data, at)
    count = 0
    while at < end:
        at += 2 + int.from_bytes(data[at : at + 2], "big")
        count += 1
    return count


def _properties(data: bytes, at: int) -> tuple[dict[int, bytes], int]:
    """The last value of each property, undecoded, and the position after the block."""
    length, at = read_varint(data, at)
    end = at + length
    found = {}
    while at < end:
        identifier = data[at]
        after = _after_value(data, identifier, at + 1)
        found[identifier] = data[at + 1 : after]
        at = after
    return found, end


def _after_value(data: bytes, identifier: int, at: int) -> int:
    if identifier in _FIXED_LENGTH:
        return at + _FIXED_LENGTH[identifier]
    if identifier == _SUBSCRIPTION_IDENTIFIER:
        return read_varint(data, at)[1]
    if identifier in _ONE_STRING or identifier == _STRING_PAIR:
        for _ in range(2 if identifier == _STRING_PAIR else 1):
            at += 2 + int.from_bytes(data[at : at + 2], "big")
        return at
    raise ProtocolError(f"property 0x{identifier:02x} does not belong into CONNECT or SUBSCRIBE")
