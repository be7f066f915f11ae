"""The properties of MQTT 5 (§2.2.2.2), written as one table, read and written by it.

Theory. A property is an identifier and a value of one data type. It may stand in the packets listed
for it, once, unless it is *repeatable* there; a repeatable one is a tuple in :data:`Properties`.
What goes wrong, and the reason code it gets:

    identifier unknown, or not for this packet; value cut off     0x81 Malformed Packet
    not repeatable and there twice; value outside its bounds      0x82 Protocol Error
    topic alias 0                                                 0x94 Topic Alias invalid
    authentication data without a method                          0x82 Protocol Error
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from holdfast import reasons
from holdfast.codec import wire
from holdfast.codec.errors import MalformedPacket, protocol_error
from holdfast.codec.packet_types import (
    AUTH,
    CONNACK,
    CONNECT,
    DISCONNECT,
    NAMES,
    PUBACK,
    PUBCOMP,
    PUBLISH,
    PUBREC,
    PUBREL,
    SUBACK,
    SUBSCRIBE,
    UNSUBACK,
    UNSUBSCRIBE,
    WILL,
)
from holdfast.errors import ConfigurationError
from holdfast.messages import NO_PROPERTIES, Properties


class WireType(NamedTuple):
    """How a value stands on the wire."""

    read: Callable[[bytes, int, int], tuple[Any, int]]
    write: Callable[[Any, str], bytes]


class Property(NamedTuple):
    """One row of the table. ``lowest`` and ``highest`` bound a number beyond its data type."""

    id: int
    name: str
    wire: WireType
    packets: tuple[int, ...]
    repeatable: tuple[int, ...] = ()
    lowest: int = 0
    highest: int | None = None
    reason: int = reasons.PROTOCOL_ERROR


def _number(size: int) -> Callable[[Any, str], bytes]:
    return lambda value, what: wire.write_number(value, size, what)


_BYTE = WireType(wire.read_byte, _number(1))
_TWO = WireType(wire.read_two, _number(2))
_FOUR = WireType(wire.read_four, _number(4))
_VARINT = WireType(wire.read_varint, wire.write_varint)
_BINARY = WireType(wire.read_binary, wire.write_binary)
_TEXT = WireType(wire.read_text, wire.write_text)
_PAIR = WireType(wire.read_pair, wire.write_pair)

_ACKS = (CONNACK, PUBACK, PUBREC, PUBREL, PUBCOMP, SUBACK, UNSUBACK, DISCONNECT, AUTH)
_ALL = (*_ACKS, CONNECT, PUBLISH, WILL, SUBSCRIBE, UNSUBSCRIBE)
_MESSAGE = (PUBLISH, WILL)
_SIGN_ON = (CONNECT, CONNACK)

PROPERTIES = (
    Property(0x01, "payload_format_indicator", _BYTE, _MESSAGE, highest=1),
    Property(0x02, "message_expiry_interval", _FOUR, _MESSAGE),
    Property(0x03, "content_type", _TEXT, _MESSAGE),
    Property(0x08, "response_topic", _TEXT, _MESSAGE),
    Property(0x09, "correlation_data", _BINARY, _MESSAGE),
    Property(0x0B, "subscription_identifier", _VARINT, (PUBLISH, SUBSCRIBE), (PUBLISH,), lowest=1),
    Property(0x11, "session_expiry_interval", _FOUR, (*_SIGN_ON, DISCONNECT)),
    Property(0x12, "assigned_client_identifier", _TEXT, (CONNACK,)),
    Property(0x13, "server_keep_alive", _TWO, (CONNACK,)),
    Property(0x15, "authentication_method", _TEXT, (*_SIGN_ON, AUTH)),
    Property(0x16, "authentication_data", _BINARY, (*_SIGN_ON, AUTH)),
    Property(0x17, "request_problem_information", _BYTE, (CONNECT,), highest=1),
    Property(0x18, "will_delay_interval", _FOUR, (WILL,)),
    Property(0x19, "request_response_information", _BYTE, (CONNECT,), highest=1),
    Property(0x1A, "response_information", _TEXT, (CONNACK,)),
    Property(0x1C, "server_reference", _TEXT, (CONNACK, DISCONNECT)),
    Property(0x1F, "reason_string", _TEXT, _ACKS),
    Property(0x21, "receive_maximum", _TWO, _SIGN_ON, lowest=1),
    Property(0x22, "topic_alias_maximum", _TWO, _SIGN_ON),
    Property(0x23, "topic_alias", _TWO, (PUBLISH,), lowest=1, reason=reasons.TOPIC_ALIAS_INVALID),
    Property(0x24, "maximum_qos", _BYTE, (CONNACK,), highest=1),
    Property(0x25, "retain_available", _BYTE, (CONNACK,), highest=1),
    Property(0x26, "user_property", _PAIR, _ALL, _ALL),
    Property(0x27, "maximum_packet_size", _FOUR, _SIGN_ON, lowest=1),
    Property(0x28, "wildcard_subscription_available", _BYTE, (CONNACK,), highest=1),
    Property(0x29, "subscription_identifier_available", _BYTE, (CONNACK,), highest=1),
    Property(0x2A, "shared_subscription_available", _BYTE, (CONNACK,), highest=1),
)

_BY_NAME = [{row.name: row for row in PROPERTIES if kind in row.packets} for kind in range(16)]


_Reading = tuple[str, Callable[[bytes, int, int], tuple[Any, int]], bool, Property | None]
"""What reading a property in one packet type needs: its name, its reader, whether it is repeatable, and
the row with its bounds if it has any."""


def _readings(kind: int) -> dict[int, _Reading]:
    return {
        row.id: (row.name, row.wire.read, kind in row.repeatable, row if _is_checked(row) else None)
        for row in PROPERTIES
        if kind in row.packets
    }


def _is_checked(row: Property) -> bool:
    return bool(row.lowest) or row.highest is not None or row.name == "response_topic"


_BY_ID = [_readings(kind) for kind in range(16)]


def decode_properties(data: bytes, pos: int, end: int, packet_type: int) -> tuple[Properties, int]:
    """The properties whose length stands at ``pos``, and the position behind them.

    ``packet_type`` is a number of :mod:`holdfast.codec.packet_types`, WILL included. Raises MalformedPacket.
    """
    size, pos = wire.read_varint(data, pos, end)
    if not size:
        return NO_PROPERTIES, pos
    stop = wire.need(pos, size, end)
    table = _BY_ID[packet_type]
    found: dict[str, Any] = {}
    lists: dict[str, list[Any]] = {}  # of what may repeat: a tuple grown one by one takes quadratic time
    while pos < stop:
        # An identifier is a variable byte integer, but all that exist fit in its first byte.
        reading = table.get(data[pos])
        if reading is None:
            raise MalformedPacket(
                f"property 0x{data[pos]:02X} has no place in {NAMES[packet_type]} (MQTT 5 §2.2.2.2)"
            )
        name, read, repeatable, checked = reading
        value, pos = read(data, pos + 1, stop)
        if checked is not None:
            _check(checked, value)
        if name not in found:
            found[name] = value
            if repeatable:
                lists[name] = [value]
        elif repeatable:
            lists[name].append(value)
        else:
            raise protocol_error(f"property {name} stands twice in one {NAMES[packet_type]}")
    for name, values in lists.items():
        wire.bounded(len(values), f"property {name}")
        found[name] = tuple(values)
    if "authentication_data" in found and "authentication_method" not in found:
        raise protocol_error("authentication data without a method (MQTT 5 §3.1.2.11.10)")
    return found, pos


def _check(row: Property, value: Any) -> None:
    """The bounds of numbers, and response topics without wildcards [MQTT-3.3.2-14]."""
    if row.name == "response_topic":
        if "+" in value or "#" in value:
            raise protocol_error(f"the response topic {value!r} holds a wildcard [MQTT-3.3.2-14]")
    elif value < row.lowest or (row.highest is not None and value > row.highest):
        raise MalformedPacket(f"property {row.name} must not be {value}", reason=row.reason)


def encode_properties(props: Properties, packet_type: int) -> bytes:
    """The properties in the order given, behind their length. Raises ConfigurationError."""
    if not props:
        return b"\0"
    table = _BY_NAME[packet_type]
    parts: list[bytes] = []
    for name, value in props.items():
        row = table.get(name)
        if row is None:
            raise ConfigurationError(f"property {name!r} has no place in {NAMES[packet_type]}")
        parts += [_encode_one(row, single) for single in _values(row, value, packet_type)]
    body = b"".join(parts)
    return wire.write_varint(len(body), f"length of the properties of {NAMES[packet_type]}") + body


def _values(row: Property, value: Any, packet_type: int) -> Sequence[Any]:
    if packet_type not in row.repeatable:
        return (value,)
    if not isinstance(value, tuple | list):
        raise ConfigurationError(f"property {row.name} is {type(value).__name__}, it must be a tuple")
    return value


def _encode_one(row: Property, value: Any) -> bytes:
    raw = row.wire.write(value, f"property {row.name}")
    try:
        if _is_checked(row):
            _check(row, value)
    except MalformedPacket as error:
        raise ConfigurationError(str(error)) from None
    return bytes((row.id,)) + raw
