"""The table of properties against the standard's, and what reading and writing by it refuses."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast import reasons
from holdfast.codec import MalformedPacket, wire
from holdfast.codec import packet_types as kinds
from holdfast.codec.properties import PROPERTIES, decode_properties, encode_properties
from holdfast.errors import ConfigurationError
from holdfast.messages import NO_PROPERTIES
from tests.unit.codec.golden import raw
from tests.unit.codec.strategies import properties

WITH_PROPERTIES = [kind for kind in range(16) if kind not in (kinds.PINGREQ, kinds.PINGRESP)]


def test_table_is_that_of_the_standard() -> None:
    """MQTT 5 table 2-4: 27 identifiers, each in its packets."""
    table = {row.id: {kinds.NAMES[kind] for kind in row.packets} for row in PROPERTIES}
    message = {"PUBLISH", "Will"}
    acks = {"PUBACK", "PUBREC", "PUBREL", "PUBCOMP", "SUBACK", "UNSUBACK", "CONNACK", "DISCONNECT", "AUTH"}
    assert table == {
        1: message,
        2: message,
        3: message,
        8: message,
        9: message,
        11: {"PUBLISH", "SUBSCRIBE"},
        17: {"CONNECT", "CONNACK", "DISCONNECT"},
        18: {"CONNACK"},
        19: {"CONNACK"},
        21: {"CONNECT", "CONNACK", "AUTH"},
        22: {"CONNECT", "CONNACK", "AUTH"},
        23: {"CONNECT"},
        24: {"Will"},
        25: {"CONNECT"},
        26: {"CONNACK"},
        28: {"CONNACK", "DISCONNECT"},
        31: acks,
        33: {"CONNECT", "CONNACK"},
        34: {"CONNECT", "CONNACK"},
        35: {"PUBLISH"},
        36: {"CONNACK"},
        37: {"CONNACK"},
        38: acks | {"CONNECT", "PUBLISH", "Will", "SUBSCRIBE", "UNSUBSCRIBE"},
        39: {"CONNECT", "CONNACK"},
        40: {"CONNACK"},
        41: {"CONNACK"},
        42: {"CONNACK"},
    }
    assert len({row.name for row in PROPERTIES}) == len(PROPERTIES) == 27


@pytest.mark.parametrize("kind", WITH_PROPERTIES, ids=lambda kind: kinds.NAMES[kind])
@given(data=st.data(), before=st.binary(max_size=3), behind=st.binary(max_size=3))
def test_round_trip(kind: int, data: st.DataObject, before: bytes, behind: bytes) -> None:
    """What is written is read back, wherever it stands."""
    props = data.draw(properties(kind))
    encoded = encode_properties(props, kind)
    end = len(before) + len(encoded)
    assert decode_properties(before + encoded + behind, len(before), end, kind) == (props, end)


def test_none() -> None:
    """No properties are one shared mapping and one byte [MQTT-2.2.2-1]."""
    found, pos = decode_properties(b"\0", 0, 1, kinds.PUBLISH)
    assert found is NO_PROPERTIES
    assert pos == 1
    assert encode_properties({}, kinds.PUBLISH) == encode_properties(NO_PROPERTIES, kinds.PUBACK) == b"\0"


ILLEGAL: list[tuple[str, str, int, str, int]] = [
    ("MQTT 5 §2.2.2.2", "no length", kinds.PUBLISH, "", 0x81),
    ("MQTT 5 §2.2.2.2", "a length cut off", kinds.PUBLISH, "80", 0x81),
    ("MQTT-1.5.5-1", "a length too long", kinds.PUBLISH, "82 00 01 00", 0x81),
    ("MQTT-1.5.5-1", "a length of five bytes", kinds.PUBLISH, "80 80 80 80 01", 0x81),
    ("MQTT 5 §2.2.2.2", "a length past the end", kinds.PUBLISH, "03 01 00", 0x81),
    ("MQTT 5 §2.2.2.2", "identifier 0", kinds.PUBLISH, "02 00 00", 0x81),
    ("MQTT 5 §2.2.2.2", "an unknown identifier", kinds.PUBLISH, "02 7F 00", 0x81),
    ("MQTT 5 §2.2.2.2", "an identifier of two bytes", kinds.PUBLISH, "03 81 00 00", 0x81),
    ("MQTT 5 §2.2.2.2", "for another packet", kinds.PUBACK, "02 01 00", 0x81),
    ("MQTT 5 §2.2.2.2", "for another packet", kinds.PUBLISH, "05 18 00000001", 0x81),
    ("MQTT 5 §2.2.2.2", "no value", kinds.PUBLISH, "01 01", 0x81),
    ("MQTT 5 §2.2.2.2", "half a value", kinds.PUBLISH, "04 02 000000", 0x81),
    ("MQTT 5 §2.2.2.2", "half a two byte value", kinds.PUBLISH, "02 23 00", 0x81),
    ("MQTT 5 §2.2.2.2", "a string past the properties", kinds.PUBLISH, "03 03 0002 'ab'", 0x81),
    ("MQTT 5 §2.2.2.2", "a string length cut off", kinds.PUBLISH, "02 03 00 00", 0x81),
    ("MQTT 5 §2.2.2.2", "half a pair", kinds.PUBLISH, "04 26 0001'a'", 0x81),
    ("MQTT-1.5.4-1", "not UTF-8", kinds.PUBLISH, "04 03 0001 FF", 0x81),
    ("MQTT-1.5.4-2", "a null", kinds.PUBLISH, "04 03 0001 00", 0x81),
    ("MQTT-1.5.7-1", "a pair that is not UTF-8", kinds.PUBLISH, "07 26 0001'a' 0001 C0", 0x81),
    ("MQTT-1.5.5-1", "a varint too long", kinds.PUBLISH, "03 0B 8100", 0x81),
    ("MQTT 5 §3.3.2.3.2", "twice", kinds.PUBLISH, "04 01 00 01 00", 0x82),
    ("MQTT 5 §3.3.2.3.2", "value 2", kinds.PUBLISH, "02 01 02", 0x82),
    ("MQTT 5 §3.3.2.3.3", "twice", kinds.WILL, "0A 02 00000001 02 00000001", 0x82),
    ("MQTT 5 §3.3.2.3.9", "twice", kinds.PUBLISH, "06 03 0000 03 0000", 0x82),
    ("MQTT-3.3.2-8", "topic alias 0", kinds.PUBLISH, "03 23 0000", 0x94),
    ("MQTT-3.3.2-14", "response topic with +", kinds.PUBLISH, "04 08 0001'+'", 0x82),
    ("MQTT-3.3.2-14", "response topic with #", kinds.WILL, "04 08 0001'#'", 0x82),
    ("MQTT 5 §3.3.2.3.8", "subscription identifier 0", kinds.PUBLISH, "02 0B 00", 0x82),
    ("MQTT 5 §3.8.2.1.2", "two in SUBSCRIBE", kinds.SUBSCRIBE, "04 0B 01 0B 02", 0x82),
    ("MQTT 5 §3.1.2.11.3", "receive maximum 0", kinds.CONNECT, "03 21 0000", 0x82),
    ("MQTT 5 §3.2.2.3.3", "receive maximum 0", kinds.CONNACK, "03 21 0000", 0x82),
    ("MQTT 5 §3.2.2.3.6", "maximum packet size 0", kinds.CONNACK, "05 27 00000000", 0x82),
    ("MQTT 5 §3.2.2.3.4", "maximum QoS 2", kinds.CONNACK, "02 24 02", 0x82),
    ("MQTT 5 §3.2.2.3.5", "retain available 2", kinds.CONNACK, "02 25 02", 0x82),
    ("MQTT 5 §3.2.2.3.11", "wildcards available 2", kinds.CONNACK, "02 28 02", 0x82),
    ("MQTT 5 §3.2.2.3.12", "identifiers available 2", kinds.CONNACK, "02 29 02", 0x82),
    ("MQTT 5 §3.2.2.3.13", "shared available 255", kinds.CONNACK, "02 2A FF", 0x82),
    ("MQTT 5 §3.1.2.11.10", "data without a method", kinds.CONNECT, "04 16 0001 00", 0x82),
]


@pytest.mark.parametrize(("statement", "what", "kind", "data", "reason"), ILLEGAL)
def test_illegal(statement: str, what: str, kind: int, data: str, reason: int) -> None:
    """Each is refused with its reason code, also when bytes of the next packet follow."""
    octets = raw(data)
    for behind in (b"", bytes(8)):
        with pytest.raises(MalformedPacket) as caught:
            decode_properties(octets + behind, 0, len(octets), kind)
        assert (statement, what, caught.value.reason) == (statement, what, reason)


def test_too_many_user_properties() -> None:
    """A packet full of empty user properties is refused before it fills the memory, and in linear time."""
    body = raw("26 0000 0000") * (wire.MAX_ENTRIES + 1)
    data = wire.write_varint(len(body), "length") + body
    with pytest.raises(MalformedPacket) as caught:
        decode_properties(data, 0, len(data), kinds.PUBLISH)
    assert caught.value.reason == reasons.QUOTA_EXCEEDED
    data = wire.write_varint(len(body) - 5, "length") + body[5:]
    found, pos = decode_properties(data, 0, len(data), kinds.PUBLISH)
    assert (len(found["user_property"]), pos) == (wire.MAX_ENTRIES, len(data))


UNSENDABLE: list[tuple[str, int, Any, str]] = [
    ("topic_alias", kinds.PUBACK, 1, "property 'topic_alias' has no place in PUBACK"),
    ("colour", kinds.PUBLISH, 1, "property 'colour' has no place in PUBLISH"),
    ("topic_alias", kinds.PUBLISH, 0, "property topic_alias must not be 0"),
    ("topic_alias", kinds.PUBLISH, 65_536, "it must be 0 to 65535"),
    ("topic_alias", kinds.PUBLISH, "1", "property topic_alias is '1'"),
    ("message_expiry_interval", kinds.PUBLISH, -1, "it must be 0 to 4294967295"),
    ("message_expiry_interval", kinds.PUBLISH, 1.5, "property message_expiry_interval is 1.5"),
    ("payload_format_indicator", kinds.PUBLISH, 2, "must not be 2"),
    ("subscription_identifier", kinds.SUBSCRIBE, 268_435_456, "it must be 0 to 268435455"),
    ("subscription_identifier", kinds.SUBSCRIBE, None, "property subscription_identifier is None"),
    ("subscription_identifier", kinds.PUBLISH, 1, "is int, it must be a tuple"),
    ("subscription_identifier", kinds.PUBLISH, (1, 0), "must not be 0"),
    ("content_type", kinds.PUBLISH, b"a", "content_type is bytes, it must be str"),
    ("content_type", kinds.PUBLISH, "a\0", "holds a null character"),
    ("content_type", kinds.PUBLISH, "\udfff", "holds a surrogate"),
    ("content_type", kinds.PUBLISH, "\u20ac" * 21_846, "is 65538 bytes long"),
    ("response_topic", kinds.PUBLISH, "a/+", r"\[MQTT-3.3.2-14\]"),
    ("correlation_data", kinds.PUBLISH, "a", "correlation_data is str, it must be bytes"),
    ("correlation_data", kinds.PUBLISH, bytes(65_536), "is 65536 bytes long"),
    ("user_property", kinds.PUBLISH, {"a": "b"}, "is dict, it must be a tuple"),
    ("user_property", kinds.PUBLISH, ("ab",), "it must hold pairs"),
    ("user_property", kinds.PUBLISH, (("a", "b", "c"),), "it must hold pairs"),
    ("user_property", kinds.PUBLISH, (("a", 1),), "is int, it must be str"),
]


@pytest.mark.parametrize(("name", "kind", "value", "sentence"), UNSENDABLE)
def test_unsendable(name: str, kind: int, value: object, sentence: str) -> None:
    """What the wire cannot carry is refused with the name of the property and its bound."""
    with pytest.raises(ConfigurationError, match=sentence):
        encode_properties({name: value}, kind)


def test_binary_of_any_kind() -> None:
    """bytearray and memoryview are as good as bytes; lists as good as tuples."""
    for value in (b"\1", bytearray(b"\1"), memoryview(b"\1")):
        assert encode_properties({"correlation_data": value}, kinds.PUBLISH) == raw("04 09 0001 01")
    assert encode_properties({"user_property": [["a", "b"]]}, kinds.PUBACK) == raw("07 26 0001'a' 0001'b'")


def test_reason_codes_are_those_of_the_table() -> None:
    """Only the codes above occur, and both answers to a CONNECT or later can carry them."""
    assert {row[4] for row in ILLEGAL} <= reasons.IN_PACKET["DISCONNECT"]
