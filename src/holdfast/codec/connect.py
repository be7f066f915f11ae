"""CONNECT, both ways (MQTT 5 §3.1): the packet that says which version is spoken."""

from __future__ import annotations

from holdfast import reasons
from holdfast.codec.errors import MalformedPacket
from holdfast.codec.packet_types import CONNECT, WILL
from holdfast.codec.packets import QOS, V5, V311, Connect, Version, Will
from holdfast.codec.properties import decode_properties, encode_properties
from holdfast.codec.wire import (
    need,
    read_binary,
    read_byte,
    read_text,
    read_two,
    topic_of,
    write_binary,
    write_number,
    write_text,
)
from holdfast.errors import ConfigurationError
from holdfast.messages import NO_PROPERTIES

_VERSIONS: dict[int, Version] = {4: V311, 5: V5}
_NAME = b"\0\4MQTT"

_RESERVED = 0x01
_CLEAN_START = 0x02
_WILL = 0x04
_WILL_QOS = 0x18
_WILL_RETAIN = 0x20
_PASSWORD = 0x40
_USERNAME = 0x80


def read_version(data: bytes, pos: int, end: int) -> Version:
    """The version of a CONNECT whose body begins at ``pos``.

    Raises MalformedPacket with 0x84 for another protocol [MQTT-3.1.2-1] or level [MQTT-3.1.2-2].
    """
    name, pos = read_binary(data, pos, end)
    level, _ = read_byte(data, pos, end)
    if name != b"MQTT" or level not in _VERSIONS:
        raise MalformedPacket(
            f"CONNECT of protocol {name[:20]!r} level {level}, MQTT levels 4 and 5 are spoken here",
            reason=reasons.UNSUPPORTED_PROTOCOL_VERSION,
        )
    return _VERSIONS[level]


def decode_connect(data: bytes, pos: int, end: int, version: Version) -> tuple[Connect, int]:
    """The CONNECT whose body begins at ``pos``; ``read_version`` has checked name and level."""
    pos = need(pos, len(_NAME) + 1, end)
    flags, pos = read_byte(data, pos, end)
    _check_flags(flags, version)
    keepalive, pos = read_two(data, pos, end)
    properties = NO_PROPERTIES
    if version == V5:
        properties, pos = decode_properties(data, pos, end, CONNECT)
    client_id, pos = read_text(data, pos, end)
    will = username = password = None
    if flags & _WILL:
        will, pos = _decode_will(flags, data, pos, end, version)
    if flags & _USERNAME:
        username, pos = read_text(data, pos, end)
    if flags & _PASSWORD:
        password, pos = read_binary(data, pos, end)
    clean_start = bool(flags & _CLEAN_START)
    return Connect(client_id, clean_start, keepalive, username, password, will, properties, version), pos


def _check_flags(flags: int, version: Version) -> None:
    if flags & _RESERVED:
        raise MalformedPacket("CONNECT with its reserved flag set [MQTT-3.1.2-3]")
    if not flags & _WILL and flags & (_WILL_QOS | _WILL_RETAIN):
        raise MalformedPacket("CONNECT with will QoS or will retain but no will [MQTT-3.1.2-11, -13]")
    if flags & _WILL_QOS == _WILL_QOS:
        raise MalformedPacket("CONNECT with will QoS 3 [MQTT-3.1.2-12]")
    if version == V311 and flags & _PASSWORD and not flags & _USERNAME:
        raise MalformedPacket("CONNECT with a password but no user name [MQTT-3.1.2-22 of 3.1.1]")


def _decode_will(flags: int, data: bytes, pos: int, end: int, version: Version) -> tuple[Will, int]:
    properties = NO_PROPERTIES
    if version == V5:
        properties, pos = decode_properties(data, pos, end, WILL)
    topic, pos = read_binary(data, pos, end)
    payload, pos = read_binary(data, pos, end)
    qos = QOS[(flags & _WILL_QOS) >> 3]
    return Will(topic_of(topic, "the will"), payload, qos, bool(flags & _WILL_RETAIN), properties), pos


def encode_connect(packet: Connect) -> bytes:
    """The body of CONNECT. Raises ConfigurationError."""
    v5 = packet.version == V5
    return b"".join(
        (
            _NAME,
            bytes((packet.version, _flags(packet))),
            write_number(packet.keepalive, 2, "keep alive"),
            encode_properties(packet.properties, CONNECT) if v5 else b"",
            write_text(packet.client_id, "client id"),
            b"" if packet.will is None else _encode_will(packet.will, v5),
            b"" if packet.username is None else write_text(packet.username, "user name"),
            b"" if packet.password is None else write_binary(packet.password, "password"),
        )
    )


def _flags(packet: Connect) -> int:
    flags = _CLEAN_START if packet.clean_start else 0
    if packet.will is not None:
        flags |= _WILL | packet.will.qos << 3 | (_WILL_RETAIN if packet.will.retain else 0)
    if packet.username is not None:
        flags |= _USERNAME
    if packet.password is not None:
        flags |= _PASSWORD
        if packet.username is None and packet.version == V311:
            raise ConfigurationError(
                "3.1.1 carries no password without a user name [MQTT-3.1.2-22 of 3.1.1]",
                hint="give a user name, or speak version 5",
            )
    return flags


def _encode_will(will: Will, v5: bool) -> bytes:
    properties = encode_properties(will.properties, WILL) if v5 else b""
    return properties + write_text(will.topic, "will topic") + write_binary(will.payload, "will payload")
