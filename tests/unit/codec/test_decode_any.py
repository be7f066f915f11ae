"""Decoder: every legal packet in any pieces, and any bytes whatever."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast import reasons
from holdfast.codec import (
    V5,
    V311,
    Decoder,
    Packet,
    Pingreq,
    Version,
    encode,
)
from tests.unit.codec.feeding import attempt, fed
from tests.unit.codec.golden import GOLDEN
from tests.unit.codec.strategies import connects, packets

MIB = 1 << 20


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

    packets_whole, error_whole = attempt(data, version, 0, limit)
    packets_cut, error_cut = attempt(data, version, 1, limit)
    assert (packets_whole, str(error_whole)) == (packets_cut, str(error_cut))
    if error_whole is not None:
        assert error_whole.reason in reasons.IN_PACKET["DISCONNECT"] | reasons.IN_PACKET["CONNACK"]
