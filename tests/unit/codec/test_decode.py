"""Decoder: framing, the packets that come by the thousand, and its death."""

from __future__ import annotations

import pytest

from holdfast import reasons
from holdfast.codec import (
    V5,
    V311,
    Connect,
    Decoder,
    MalformedPacket,
    Packet,
    Pingreq,
    Puback,
    Publish,
    Version,
    encode,
    encode_ack,
    encode_publish,
)
from holdfast.messages import NO_PROPERTIES
from tests.unit.codec.feeding import fed, refused
from tests.unit.codec.golden import raw

MIB = 1 << 20


def refusal(data: bytes, version: Version = V5, step: int = 0) -> int:
    """The reason code with which a fresh decoder refuses the bytes."""
    return refused(data, version, step).reason


class TestFraming:
    def test_nothing(self) -> None:
        """No bytes, no packets."""
        assert fed(b"") == []

    def test_remaining_length_of_four_bytes(self) -> None:
        """The largest form of a remaining length is read, also when it comes in pieces."""
        data = encode_publish("t", b"x" * 2_097_152, 0, False, False, 0, NO_PROPERTIES, V5)
        assert data[1:5] == b"\x84\x80\x80\x01"
        assert fed(data) == fed(data, step=65_536) == [Publish("t", b"x" * 2_097_152)]
        decoder = Decoder()
        out: list[Packet] = []
        for piece in (data[:1], data[1:2], data[2:4], data[4:5], data[5:]):
            decoder.feed(piece, out)
        assert len(out) == 1

    @pytest.mark.parametrize("version", [V311, V5])
    @pytest.mark.parametrize("length", ["8000", "FF00", "808000", "80808000"])
    def test_mqtt_1_5_5_1(self, version: Version, length: str) -> None:
        """[MQTT-1.5.5-1] A remaining length in more bytes than it needs is malformed."""
        assert refusal(raw("C0" + length), version) == reasons.MALFORMED_PACKET

    @pytest.mark.parametrize("step", [0, 1])
    def test_remaining_length_of_five_bytes(self, step: int) -> None:
        """MQTT 5 §2.1.4: a fourth byte with its top bit set is malformed; no fifth is waited for."""
        assert refusal(raw("30 FFFFFFFF"), step=step) == reasons.MALFORMED_PACKET

    def test_unfinished_packet_then_more(self) -> None:
        """The chunk that ends one packet may hold others and the head of a third."""
        one = encode_publish("t", b"1" * 300, 1, False, False, 1, NO_PROPERTIES, V5)
        decoder = Decoder()
        out: list[Packet] = []
        decoder.feed(one[:200], out)
        assert out == []
        decoder.feed(one[200:] + b"\xc0\x00" + one[:10], out)
        decoder.feed(one[10:], out)
        publish = Publish("t", b"1" * 300, 1, packet_id=1)
        assert out == [publish, Pingreq(), publish]


class TestPublish:
    @pytest.mark.parametrize("version", [V311, V5])
    @pytest.mark.parametrize("first", ["36", "37", "3E", "3F"])
    def test_mqtt_3_3_1_4(self, version: Version, first: str) -> None:
        """[MQTT-3.3.1-4] Both QoS bits set is malformed."""
        assert refusal(raw(first + "06 0001't' 0001 00"), version) == reasons.MALFORMED_PACKET

    @pytest.mark.parametrize("version", [V311, V5])
    @pytest.mark.parametrize("first", ["38", "39"])
    def test_mqtt_3_3_1_2(self, version: Version, first: str) -> None:
        """[MQTT-3.3.1-2] DUP with QoS 0 is malformed."""
        assert refusal(raw(first + "04 0001't' 00"), version) == reasons.MALFORMED_PACKET

    @pytest.mark.parametrize("version", [V311, V5])
    @pytest.mark.parametrize("first", ["32", "34"])
    def test_mqtt_2_2_1_3(self, version: Version, first: str) -> None:
        """[MQTT-2.2.1-3] The packet identifier 0 is a protocol error."""
        assert refusal(raw(first + "06 0001't' 0000 00"), version) == reasons.PROTOCOL_ERROR

    @pytest.mark.parametrize("version", [V311, V5])
    @pytest.mark.parametrize("topic", ["+", "#", "a/+/b", "a/#"])
    def test_mqtt_3_3_2_2(self, version: Version, topic: str) -> None:
        """[MQTT-3.3.2-2] A topic name with a wildcard is refused."""
        data = encode_publish(topic, b"", 0, False, False, 0, NO_PROPERTIES, version)
        assert refusal(data, version) == reasons.TOPIC_NAME_INVALID

    @pytest.mark.parametrize(
        "octets", ["C0AF", "EDA080", "EDBFBF", "F4908080", "FF", "61C3", "80", "F8888080"], ids=str
    )
    @pytest.mark.parametrize("version", [V311, V5])
    def test_mqtt_1_5_4_1(self, version: Version, octets: str) -> None:
        """[MQTT-1.5.4-1] What is not UTF-8 (overlong, surrogate, too high, cut) is malformed."""
        topic = bytes.fromhex(octets)
        body = len(topic).to_bytes(2, "big") + topic + b"\0"
        assert refusal(bytes((0x30, len(body))) + body, version) == reasons.MALFORMED_PACKET

    @pytest.mark.parametrize("version", [V311, V5])
    def test_mqtt_1_5_4_2(self, version: Version) -> None:
        """[MQTT-1.5.4-2] U+0000 in a string is malformed."""
        assert refusal(raw("30 06 0003'a' 00 'b' 00"), version) == reasons.MALFORMED_PACKET

    def test_mqtt_1_5_4_3(self) -> None:
        """[MQTT-1.5.4-3] U+FEFF is a character like others and is kept."""
        assert fed(raw("30 07 0004 EFBBBF'a' 00")) == [Publish("\ufeffa", b"")]

    def test_mqtt_4_7_3_1(self) -> None:
        """[MQTT-4.7.3-1] 3.1.1 has no empty topic."""
        assert refusal(raw("30 02 0000"), V311) == reasons.PROTOCOL_ERROR

    def test_empty_topic_without_alias(self) -> None:
        """MQTT 5 §3.3.2.1: an empty topic needs an alias; also with other properties there."""
        assert refusal(raw("30 03 0000 00")) == reasons.PROTOCOL_ERROR
        assert refusal(raw("30 05 0000 02 0101")) == reasons.PROTOCOL_ERROR

    @pytest.mark.parametrize(
        ("version", "data"),
        [
            (V311, "30 00"),
            (V311, "30 01 00"),
            (V311, "30 02 0001"),
            (V311, "30 04 0003'ab'"),
            (V311, "32 03 0001't'"),
            (V311, "32 04 0001't' 00"),
            (V5, "30 00"),
            (V5, "30 02 0001"),
            (V5, "30 03 0001't'"),
            (V5, "32 05 0001't' 0001"),
            (V5, "32 04 0001't' 00"),
            (V5, "30 04 0001't' 80"),
            (V5, "30 05 0001't' 02 01"),
        ],
    )
    def test_ends_too_early(self, version: Version, data: str) -> None:
        """A field that reaches past the packet is malformed, whatever follows in the chunk."""
        assert refusal(raw(data), version) == reasons.MALFORMED_PACKET
        assert refusal(raw(data) + b"\0\0\0\0", version) == reasons.MALFORMED_PACKET
        assert refusal(raw(data), version, step=1) == reasons.MALFORMED_PACKET


class TestAcknowledgements:
    @pytest.mark.parametrize("version", [V311, V5])
    @pytest.mark.parametrize("first", ["40", "50", "62", "70"])
    def test_mqtt_2_2_1_3(self, version: Version, first: str) -> None:
        """[MQTT-2.2.1-3] No acknowledgement has the packet identifier 0."""
        assert refusal(raw(first + "02 0000"), version) == reasons.PROTOCOL_ERROR


class TestDeath:
    def test_what_came_before_stays(self) -> None:
        """Packets in front of the illegal one are delivered."""
        decoder = Decoder()
        out: list[Packet] = []
        with pytest.raises(MalformedPacket):
            decoder.feed(encode_ack(4, 1, 0, V5) + raw("00 00") + encode_ack(4, 2, 0, V5), out)
        assert out == [Puback(1)]

    def test_dead_for_good(self) -> None:
        """After an error every call raises it again and delivers nothing."""
        decoder = Decoder()
        out: list[Packet] = []
        with pytest.raises(MalformedPacket) as first:
            decoder.feed(raw("30 03 0000 00"), out)
        with pytest.raises(MalformedPacket) as second:
            decoder.feed(raw("C0 00"), out)
        assert out == []
        assert str(second.value) == str(first.value)
        assert second.value.reason == first.value.reason == reasons.PROTOCOL_ERROR

    def test_version_is_known_of_a_malformed_connect(self) -> None:
        """The version stands before what is wrong, so the answer can be of that version."""
        decoder = Decoder(V5)
        with pytest.raises(MalformedPacket):
            decoder.feed(raw("10 0D 0004'MQTT' 04 03 003C 0001'a'"), [])
        assert decoder.version == V311


def test_connect_is_refused_by_its_version_first() -> None:
    """A CONNECT of another level is told so, whatever its flags are."""
    assert refusal(raw("10 0D 0004'MQTT' 03 FF 003C 0001'a'")) == reasons.UNSUPPORTED_PROTOCOL_VERSION
    assert fed(encode(Connect("a"), V5)) == [Connect("a")]
