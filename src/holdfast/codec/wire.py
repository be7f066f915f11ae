"""The data types of the wire (MQTT 5 §1.5): each read from and written to bytes.

A reader takes the bytes, a position and the end it must not pass; it gives the value and the
position behind it. It checks the end itself, because the bytes behind a packet belong to the next.
"""

from __future__ import annotations

from holdfast import reasons
from holdfast.codec.errors import MalformedPacket, protocol_error
from holdfast.errors import ConfigurationError

MAX_LENGTH = 65_535
"""Bytes in a string or in binary data: their length has two bytes."""

MAX_VARINT = 268_435_455
"""Four bytes of seven bits each."""

MAX_ENTRIES = 65_536
"""User properties, topic filters or reason codes in one packet. The standard has no such bound, but each
entry takes many times its bytes in memory, so that one packet could take many times the packet limit."""


def need(pos: int, size: int, end: int) -> int:
    """The position ``size`` bytes further, which must not lie behind ``end``."""
    stop = pos + size
    if stop > end:
        raise MalformedPacket(f"a field of {size} bytes reaches {stop - end} bytes past its end")
    return stop


def read_byte(data: bytes, pos: int, end: int) -> tuple[int, int]:
    stop = need(pos, 1, end)
    return data[pos], stop


def read_two(data: bytes, pos: int, end: int) -> tuple[int, int]:
    stop = need(pos, 2, end)
    return data[pos] << 8 | data[pos + 1], stop


def read_four(data: bytes, pos: int, end: int) -> tuple[int, int]:
    stop = need(pos, 4, end)
    return int.from_bytes(data[pos:stop], "big"), stop


def read_varint(data: bytes, pos: int, end: int) -> tuple[int, int]:
    """A variable byte integer, in the fewest bytes that hold it [MQTT-1.5.5-1]."""
    value = 0
    for shift in (0, 7, 14, 21):
        need(pos, 1, end)
        byte = data[pos]
        pos += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            if byte == 0 and shift:
                raise MalformedPacket("a variable byte integer is longer than it need be [MQTT-1.5.5-1]")
            return value, pos
    raise MalformedPacket("a variable byte integer is longer than four bytes (MQTT 5 §1.5.5)")


def read_remaining(data: bytes, pos: int, size: int, first: int) -> tuple[int, int]:
    """A remaining length of two to four bytes, the first one read already, and where the body begins.

    0 for both if the bytes are not all there yet: the one reader here for which an end is no error.
    """
    value = first & 0x7F
    for shift in (7, 14, 21):
        if pos == size:
            return 0, 0
        byte = data[pos]
        pos += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            if not byte:
                raise MalformedPacket("a remaining length is longer than it need be [MQTT-1.5.5-1]")
            return value, pos
    raise MalformedPacket("a remaining length is longer than four bytes (MQTT 5 §2.1.4)")


def read_binary(data: bytes, pos: int, end: int) -> tuple[bytes, int]:
    start = pos + 2
    stop = start + (data[pos] << 8 | data[pos + 1]) if start <= end else start
    if stop > end:
        need(pos, stop - pos, end)
    return data[start:stop], stop


def read_text(data: bytes, pos: int, end: int) -> tuple[str, int]:
    start = pos + 2  # as read_binary: a call less, as messages with properties are made of these
    stop = start + (data[pos] << 8 | data[pos + 1]) if start <= end else start
    if stop > end:
        need(pos, stop - pos, end)
    return text_of(data[start:stop]), stop


def read_pair(data: bytes, pos: int, end: int) -> tuple[tuple[str, str], int]:
    name, pos = read_text(data, pos, end)
    value, pos = read_text(data, pos, end)
    return (name, value), pos


def text_of(raw: bytes) -> str:
    """UTF-8 without surrogates [MQTT-1.5.4-1] and without U+0000 [MQTT-1.5.4-2]."""
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        raise MalformedPacket(f"a string is not UTF-8: {error.reason} [MQTT-1.5.4-1]") from None
    if "\0" in text:
        raise MalformedPacket("a string holds a null character [MQTT-1.5.4-2]")
    return text


def topic_of(raw: bytes, what: str) -> str:
    """A topic name: a string of one character at least [MQTT-4.7.3-1], without wildcards [MQTT-4.7.0-1]."""
    if not raw:
        raise protocol_error(f"the topic of {what} is empty [MQTT-4.7.3-1]")
    topic = text_of(raw)
    if "+" in topic or "#" in topic:
        sentence = f"the topic {topic!r} of {what} holds a wildcard [MQTT-4.7.0-1]"
        raise MalformedPacket(sentence, reason=reasons.TOPIC_NAME_INVALID)
    return topic


def identifier_of(data: bytes, pos: int, what: str) -> int:
    """A packet identifier, which is not 0 [MQTT-2.2.1-3]; both bytes must be there."""
    packet_id = data[pos] << 8 | data[pos + 1]
    if not packet_id:
        raise protocol_error(f"{what} with the packet identifier 0 [MQTT-2.2.1-3]")
    return packet_id


def bounded(count: int, what: str) -> None:
    """Refuse what is legal but too much for us (0x97)."""
    if count > MAX_ENTRIES:
        sentence = f"{what} with more than {MAX_ENTRIES} entries in one packet"
        raise MalformedPacket(sentence, reason=reasons.QUOTA_EXCEEDED)


def write_number(value: object, size: int, what: str) -> bytes:
    """An unsigned integer of ``size`` bytes. Every writer names ``what`` in its ConfigurationError."""
    if not isinstance(value, int) or not 0 <= value < 1 << 8 * size:
        raise ConfigurationError(f"{what} is {value!r}, it must be 0 to {(1 << 8 * size) - 1}")
    return value.to_bytes(size, "big")


def write_varint(value: object, what: str) -> bytes:
    """A variable byte integer."""
    if not isinstance(value, int) or not 0 <= value <= MAX_VARINT:
        raise ConfigurationError(f"{what} is {value!r}, it must be 0 to {MAX_VARINT}")
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def write_binary(value: object, what: str) -> bytes:
    """Binary data behind its length."""
    if not isinstance(value, bytes | bytearray | memoryview):
        raise ConfigurationError(f"{what} is {type(value).__name__}, it must be bytes")
    raw = bytes(value)
    if len(raw) > MAX_LENGTH:
        raise ConfigurationError(f"{what} is {len(raw)} bytes long, the limit is {MAX_LENGTH}")
    return len(raw).to_bytes(2, "big") + raw


def write_text(value: object, what: str) -> bytes:
    """A string as UTF-8 behind its length."""
    if not isinstance(value, str):
        raise ConfigurationError(f"{what} is {type(value).__name__}, it must be str")
    if "\0" in value:
        raise ConfigurationError(f"{what} holds a null character [MQTT-1.5.4-2]")
    try:
        raw = value.encode()
    except UnicodeEncodeError:
        raise ConfigurationError(f"{what} holds a surrogate [MQTT-1.5.4-1]") from None
    return write_binary(raw, what)


def write_pair(value: object, what: str) -> bytes:
    """A string pair: name, then value."""
    if not isinstance(value, tuple | list) or len(value) != 2:
        raise ConfigurationError(f"{what} holds {type(value).__name__}, it must hold pairs of strings")
    return write_text(value[0], what) + write_text(value[1], what)
