"""Runs of plain acknowledgements: one value for those that follow each other, and nothing read wrongly."""

from __future__ import annotations

import pytest

from holdfast.codec import (
    V5,
    V311,
    AckRun,
    Decoder,
    MalformedPacket,
    Packet,
    Puback,
    Pubacks,
    Pubcomp,
    Pubcomps,
    Publish,
    Pubrec,
    Pubrecs,
    Pubrel,
    Pubrels,
    Version,
    encode,
)
from holdfast.codec.runs import LONGEST

BOTH = pytest.mark.parametrize("version", [V311, V5])
KINDS = pytest.mark.parametrize(
    ("one", "run"), [(Puback, Pubacks), (Pubrec, Pubrecs), (Pubrel, Pubrels), (Pubcomp, Pubcomps)]
)


def read(data: bytes, version: Version = V5, *cuts: int) -> list[Packet]:
    """What a decoder that was asked for runs makes of the bytes, cut at these places."""
    decoder, out = Decoder(version, runs=True), list[Packet]()
    for first, last in zip((0, *cuts), (*cuts, len(data)), strict=True):
        decoder.feed(data[first:last], out)
    return out


@BOTH
@KINDS
def test_one_value_for_a_run(version: Version, one: type[Puback], run: type[AckRun]) -> None:
    """Acknowledgements of one kind that follow each other, in their order; a run may be of one."""
    for packet_ids in ((7,), (1, 65_535, 2), tuple(range(1, 300))):
        data = b"".join(encode(one(packet_id), version) for packet_id in packet_ids)
        assert read(data, version) == [run(packet_ids)]


@BOTH
def test_whatever_stands_between_ends_the_run(version: Version) -> None:
    """Another kind, a message, or a packet of another length: each run stops before it."""
    publish = Publish("t", b"\x40\x02\x00\x05", 0)
    data = b"".join(
        encode(one, version) for one in (Puback(1), Puback(2), publish, Puback(3), Pubrec(4), Pubrec(5))
    )
    assert read(data, version) == [Pubacks((1, 2)), publish, Pubacks((3,)), Pubrecs((4, 5))]


def test_a_reason_code_is_no_plain_acknowledgement() -> None:
    """What says more than "done" comes as a packet of its own."""
    data = encode(Puback(1), V5) + encode(Puback(2, 0x97), V5) + encode(Puback(3), V5)
    assert read(data) == [Pubacks((1,)), Puback(2, 0x97), Pubacks((3,))]


def test_a_run_that_is_cut_anywhere() -> None:
    """However the bytes are portioned, the same acknowledgements come in the same order."""
    data = b"".join(encode(Puback(packet_id), V5) for packet_id in (1, 2, 3))
    for cut in range(1, len(data)):
        runs = read(data, V5, cut)
        assert [one for run in runs if isinstance(run, Pubacks) for one in run.packet_ids] == [1, 2, 3]


def test_a_run_has_a_limit() -> None:
    """A long one comes in pieces, so that looking for its end is bounded."""
    packet_ids = tuple(range(1, 2 * LONGEST + 2))
    runs = read(b"".join(encode(Puback(packet_id), V5) for packet_id in packet_ids))
    assert [len(run.packet_ids) for run in runs if isinstance(run, Pubacks)] == [LONGEST, LONGEST, 1]


@pytest.mark.parametrize("before", [(), (1, 2)])
def test_the_packet_identifier_0(before: tuple[int, ...]) -> None:
    """[MQTT-2.2.1-3]: refused, and what came before it was read."""
    decoder, out = Decoder(V5, runs=True), list[Packet]()
    data = b"".join(encode(Puback(packet_id), V5) for packet_id in before) + b"\x40\x02\0\0"
    with pytest.raises(MalformedPacket, match="identifier 0"):
        decoder.feed(data, out)
    assert out == ([Pubacks(before)] if before else [])
