"""Decoder: the packet limit, and what it holds in memory."""

from __future__ import annotations

import contextlib
import tracemalloc

import pytest

from holdfast import reasons
from holdfast.codec import (
    V5,
    V311,
    Decoder,
    MalformedPacket,
    OversizePublish,
    Packet,
    Pingreq,
    Puback,
    encode_publish,
)
from holdfast.messages import NO_PROPERTIES
from tests.unit.codec.feeding import fed
from tests.unit.codec.golden import raw

MIB = 1 << 20


class TestSize:
    def test_limit_is_the_whole_packet(self) -> None:
        """MQTT 5 §3.1.2.11.4: the size counts the fixed header; a packet of the limit passes."""
        data = encode_publish("t", b"x" * 100, 0, False, False, 0, NO_PROPERTIES, V5)
        assert len(fed(data, limit=len(data))) == 1
        assert len(fed(data, limit=len(data), step=1)) == 1

    @pytest.mark.parametrize("step", [0, 1])
    def test_mqtt_3_1_2_24(self, step: int) -> None:
        """[MQTT-3.1.2-24] In 5 a larger packet is refused as soon as its header is known."""
        decoder = Decoder(V5, 1_000)
        out: list[Packet] = []
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
        """Memory: never more than the packet, its payload and an eighth while it grows."""
        data = encode_publish("t", bytes(4 * MIB), 0, False, False, 0, NO_PROPERTIES, V5)
        pieces = [data[start : start + 65_536] for start in range(0, len(data), 65_536)]
        decoder = Decoder(V5)
        out: list[Packet] = []
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
        decoder = Decoder(V311, 1_000)
        out: list[Packet] = []
        tracemalloc.start()
        try:
            for piece in pieces:
                decoder.feed(piece, out)
            assert tracemalloc.get_traced_memory()[1] < 150_000
        finally:
            tracemalloc.stop()
        assert out == [OversizePublish("t", 0, 0, len(data))]

    def test_a_dead_decoder_holds_nothing(self) -> None:
        """Memory: the two MiB gathered for a packet are let go when it proves illegal."""
        data = raw("30 80808001 FFFF") + bytes(2 * MIB - 2)
        decoder = Decoder(V311)
        out: list[Packet] = []
        tracemalloc.start()
        try:
            decoder.feed(data[:-1], out)
            assert tracemalloc.get_traced_memory()[0] > MIB
            with contextlib.suppress(MalformedPacket):
                decoder.feed(data[-1:], out)
            assert tracemalloc.get_traced_memory()[0] < 150_000
        finally:
            tracemalloc.stop()
        with pytest.raises(MalformedPacket):
            decoder.feed(b"", out)
