"""Decoder: framing, the hot packets, its death, and what it holds."""

from __future__ import annotations

import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast import reasons
from holdfast.codec import (
    V5,
    V311,
    Connect,
    Decoder,
    MalformedPacket,
    OversizePublish,
    Packet,
    Pingreq,
    Puback,
    Publish,
    Version,
    encode,
    encode_ack,
    encode_publish,
)
from holdfast.codec import decode as decode_module
from holdfast.messages import NO_PROPERTIES
from tests.unit.codec.golden import GOLDEN, raw
from tests.unit.codec.strategies import connects, packets

MIB = 1 << 20


def fed(data: bytes, version: Version = V5, step: int = 0, limit: int = 16 * MIB) -> list[Packet]:
    """What a fresh decoder makes of the bytes, in pieces of ``step`` bytes (0: at once)."""
    decoder, out = Decoder(version, limit), []
    for start in range(0, len(data), step or len(data) or 1):
        decoder.feed(data[start : start + step] if step else data, out)
    return out


def refusal(data: bytes, version: Version = V5, step: int = 0) -> int:
    """The reason code with which a fresh decoder refuses the bytes."""
    with pytest.raises(MalformedPacket) as caught:
        fed(data, version, step)
    return caught.value.reason


@pytest.mark.parametrize(("version", "packet", "data"), [g[1:] for g in GOLDEN], ids=[g[0] for g in GOLDEN])
class TestGolden:
    def test_whole(self, version: Version, packet: Packet, data: bytes) -> None:
        """The bytes of the standard are this packet."""
        assert fed(data, version) == [packet]

    def test_byte_by_byte(self, version: Version, packet: Packet, data: bytes) -> None:
        """A packet is the same however it is cut."""
        assert fed(data, version, step=1) == [packet]
        assert fed(data, version, step=3) == [packet]

    def test_with_trailing_data(self, version: Version, packet: Packet, data: bytes) -> None:
        """What follows in the same chunk is not touched, and comes next."""
        assert fed(data + data + b"\xc0", version) == [packet, packet]
        assert fed(data + b"\xc0\x00", version) == [packet, Pingreq()]

    def test_cut_short(self, version: Version, packet: Packet, data: bytes) -> None:
        """An unfinished packet is nothing yet, and no error."""
        assert fed(data[:-1], version) == []


@pytest.mark.parametrize("version", [V311, V5])
@settings(max_examples=150)
@given(data=st.data())
def test_round_trip(version: Version, data: st.DataObject) -> None:
    """Whatever is encoded is decoded to the same packets, in any chunks."""
    sent = data.draw(st.lists(packets(version), min_size=1, max_size=4))
    step = data.draw(st.sampled_from((0, 1, 2, 7, 64)))
    assert fed(b"".join(encode(packet, version) for packet in sent), version, step) == sent


@pytest.mark.parametrize("version", [V311, V5])
@given(data=st.data())
def test_connect_sets_the_version(version: Version, data: st.DataObject) -> None:
    """A server's decoder learns the version from CONNECT, for all that follows."""
    connect = data.draw(connects(version))
    after = data.draw(packets(version))
    decoder: Decoder = Decoder(V5 if version == V311 else V311)
    out: list[Packet] = []
    decoder.feed(encode(connect, version) + encode(after, version), out)
    assert out == [connect, after]
    assert decoder.version == version


class TestFraming:
    def test_nothing(self) -> None:
        """No bytes, no packets."""
        assert fed(b"") == []

    def test_remaining_length_of_four_bytes(self) -> None:
        """The largest form of a remaining length is read, also when it comes in pieces."""
        data = encode_publish("t", b"x" * 2_097_152, 0, False, False, 0, NO_PROPERTIES, V5)
        assert data[1:5] == b"\x84\x80\x80\x01"
        assert fed(data) == fed(data, step=65_536) == [Publish("t", b"x" * 2_097_152)]
        decoder, out = Decoder(), []
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
        decoder, out = Decoder(), []
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

    def test_same_topic_twice(self) -> None:
        """A topic seen before gives the very same text: it is checked once."""
        data = encode_publish("plant/1", b"", 0, False, False, 0, NO_PROPERTIES, V5)
        first, second = fed(data + data)
        assert isinstance(first, Publish)
        assert isinstance(second, Publish)
        assert first.topic is second.topic

    def test_many_topics(self) -> None:
        """More topics than are remembered, and one too long to be remembered, are all right."""
        names = [f"t/{index}" for index in range(decode_module.TOPICS_KEPT + 10)] + ["x" * 200] * 2
        data = b"".join(encode_publish(name, b"", 0, False, False, 0, NO_PROPERTIES, V5) for name in names)
        assert [packet.topic for packet in fed(data) if isinstance(packet, Publish)] == names


class TestAcknowledgements:
    @pytest.mark.parametrize("version", [V311, V5])
    @pytest.mark.parametrize("first", ["40", "50", "62", "70"])
    def test_mqtt_2_2_1_3(self, version: Version, first: str) -> None:
        """[MQTT-2.2.1-3] No acknowledgement has the packet identifier 0."""
        assert refusal(raw(first + "02 0000"), version) == reasons.PROTOCOL_ERROR


class TestDeath:
    def test_what_came_before_stays(self) -> None:
        """Packets in front of the illegal one are delivered."""
        decoder, out = Decoder(), []
        with pytest.raises(MalformedPacket):
            decoder.feed(encode_ack(4, 1, 0, V5) + raw("00 00") + encode_ack(4, 2, 0, V5), out)
        assert out == [Puback(1)]

    def test_dead_for_good(self) -> None:
        """After an error every call raises it again and delivers nothing."""
        decoder, out = Decoder(), []
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


class TestSize:
    def test_limit_is_the_whole_packet(self) -> None:
        """MQTT 5 §3.1.2.11.4: the size counts the fixed header; a packet of the limit passes."""
        data = encode_publish("t", b"x" * 100, 0, False, False, 0, NO_PROPERTIES, V5)
        assert len(fed(data, limit=len(data))) == 1
        assert len(fed(data, limit=len(data), step=1)) == 1

    @pytest.mark.parametrize("step", [0, 1])
    def test_mqtt_3_1_2_24(self, step: int) -> None:
        """[MQTT-3.1.2-24] In 5 a larger packet is refused as soon as its header is known."""
        decoder, out = Decoder(V5, 1_000), []
        with pytest.raises(MalformedPacket) as caught:
            decoder.feed(raw("30 E607"), out)  # 3 + 998
        assert caught.value.reason == reasons.PACKET_TOO_LARGE
        assert fed(raw("30 E507"), limit=1_000, step=step) == []

    def test_other_types_in_311(self) -> None:
        """In 3.1.1 too, whatever is no PUBLISH is refused at once."""
        decoder = Decoder(V311, 1_000)
        with pytest.raises(MalformedPacket) as caught:
            decoder.feed(raw("90 E607"), [])
        assert caught.value.reason == reasons.PACKET_TOO_LARGE

    @pytest.mark.parametrize("step", [0, 1, 7, 1_000])
    @pytest.mark.parametrize("qos", [0, 1, 2])
    def test_publish_in_311_is_read_past(self, qos: int, step: int) -> None:
        """Contract 10: topic, packet identifier and size are told, and the link lives on."""
        big = encode_publish("a/giant", b"x" * 2_000, qos, True, False, 9 if qos else 0, NO_PROPERTIES, V311)
        data = raw("C0 00") + big + raw("40 02 0007")
        told = OversizePublish("a/giant", qos, 9 if qos else 0, len(big))  # type: ignore[arg-type]
        assert fed(data, V311, step, limit=1_000) == [Pingreq(), told, Puback(7)]

    def test_a_big_packet_in_small_pieces_is_held_once(self) -> None:
        """Memory: 16 chunks a MiB, and never more than the packet, its payload and a little."""
        data = encode_publish("t", bytes(4 * MIB), 0, False, False, 0, NO_PROPERTIES, V5)
        pieces = [data[start : start + 65_536] for start in range(0, len(data), 65_536)]
        decoder, out = Decoder(V5), []
        tracemalloc.start()
        try:
            for piece in pieces[:-1]:
                decoder.feed(piece, out)
            held, peak = tracemalloc.get_traced_memory()
            assert held <= peak < 1.2 * len(data)
            decoder.feed(pieces[-1], out)
            assert tracemalloc.get_traced_memory()[1] < 2.05 * len(data)
            out.clear()
            assert tracemalloc.get_traced_memory()[0] < 65_536
        finally:
            tracemalloc.stop()

    def test_an_oversize_publish_is_not_held(self) -> None:
        """Memory: reading past 8 MiB takes next to nothing."""
        data = encode_publish("t", bytes(8 * MIB), 0, False, False, 0, NO_PROPERTIES, V311)
        pieces = [data[start : start + 65_536] for start in range(0, len(data), 65_536)]
        decoder, out = Decoder(V311, 1_000), []
        tracemalloc.start()
        try:
            for piece in pieces:
                decoder.feed(piece, out)
            assert tracemalloc.get_traced_memory()[1] < 150_000
        finally:
            tracemalloc.stop()
        assert out == [OversizePublish("t", 0, 0, len(data))]

    def test_a_dead_decoder_holds_nothing(self) -> None:
        """Memory: what was gathered is let go with the error."""
        decoder = Decoder(V311)
        data = raw("30 80800401 FFFF") + bytes(65_536) + raw("FF") * (MIB - 65_538 + MIB)
        tracemalloc.start()
        try:
            with pytest.raises(MalformedPacket):
                for start in range(0, len(data), 100_000):
                    decoder.feed(data[start : start + 100_000], [])
            assert tracemalloc.get_traced_memory()[0] < 150_000
        finally:
            tracemalloc.stop()


def anything() -> st.SearchStrategy[bytes]:
    """Noise, and legal packets with a few bytes changed, cut or doubled."""
    legal = st.one_of(
        packets(V5).map(lambda packet: encode(packet, V5)),
        packets(V311).map(lambda packet: encode(packet, V311)),
        connects(V5).map(lambda packet: encode(packet, V5)),
        connects(V311).map(lambda packet: encode(packet, V311)),
    )

    def spoil(data: bytes, at: int, byte: int, cut: int) -> bytes:
        at %= len(data)
        return data[:at] + bytes((byte,)) + data[at + cut :]

    spoilt = st.builds(spoil, legal, st.integers(0, 400), st.integers(0, 255), st.integers(0, 3))
    return st.one_of(st.binary(max_size=64), spoilt, st.lists(spoilt, max_size=3).map(b"".join))


@settings(max_examples=500)
@given(data=anything(), version=st.sampled_from((V311, V5)), limit=st.sampled_from((5, 60, 16 * MIB)))
def test_any_bytes_whatever(data: bytes, version: Version, limit: int) -> None:
    """The decoder raises only its own error, and gives the same whole and byte by byte."""

    def outcome(step: int) -> tuple[list[Packet], tuple[str, int] | None]:
        decoder, out = Decoder(version, limit), []
        try:
            for start in range(0, len(data), step or len(data) or 1):
                decoder.feed(data[start : start + step] if step else data, out)
        except MalformedPacket as error:
            assert error.reason in reasons.IN_PACKET["DISCONNECT"] | reasons.IN_PACKET["CONNACK"]
            return out, (str(error), error.reason)
        return out, None

    assert outcome(0) == outcome(1)


def test_connect_is_refused_by_its_version_first() -> None:
    """A CONNECT of another level is told so, whatever its flags are."""
    assert refusal(raw("10 0D 0004'MQTT' 03 FF 003C 0001'a'")) == reasons.UNSUPPORTED_PROTOCOL_VERSION
    assert fed(encode(Connect("a"), V5)) == [Connect("a")]
