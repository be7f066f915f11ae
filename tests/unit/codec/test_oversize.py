"""PastReader: the head of a 3.1.1 giant, however it is cut (contract 10)."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast import reasons
from holdfast.codec import MalformedPacket, OversizePublish
from holdfast.codec.oversize import PastReader
from holdfast.messages import QoS
from tests.unit.codec.golden import raw


def read(qos: QoS, body: bytes, cuts: list[int]) -> OversizePublish:
    past = PastReader(qos, len(body), len(body) + 5)
    edges = [0, *sorted(cut % (len(body) + 1) for cut in cuts), len(body)]
    for start, stop in pairwise(edges):
        assert past.left == len(body) - start
        # In front stands something read before, behind it (once it is whole) the next packet.
        chunk = b"##" + body[start:stop] + (b"\xc0\0" if stop == len(body) else b"")
        assert past.read(chunk, 2) == 2 + stop - start
    assert past.left == 0
    return past.packet()


@given(cuts=st.lists(st.integers(0, 60), max_size=8), payload=st.binary(max_size=50))
def test_any_cuts(cuts: list[int], payload: bytes) -> None:
    """Topic, identifier and size are told, and nothing behind the packet is taken."""
    zero, one = raw("0003'a/b'"), raw("0003'a/b' 0102")
    assert read(0, zero + payload, cuts) == OversizePublish("a/b", 0, 0, len(zero + payload) + 5)
    assert read(1, one + payload, cuts) == OversizePublish("a/b", 1, 0x0102, len(one + payload) + 5)


@pytest.mark.parametrize(
    ("statement", "qos", "body", "reason"),
    [
        ("MQTT 3.1.1 §3.3.2.1", 0, "00", reasons.MALFORMED_PACKET),
        ("MQTT 3.1.1 §3.3.2.1", 0, "0004'abc'", reasons.MALFORMED_PACKET),
        ("MQTT 3.1.1 §3.3.2.2", 1, "0003'abc' 00", reasons.MALFORMED_PACKET),
        ("MQTT-2.3.1-1 of 3.1.1", 2, "0003'abc' 0000", reasons.PROTOCOL_ERROR),
        ("MQTT-1.5.3-1 of 3.1.1", 0, "0001 FF 00", reasons.MALFORMED_PACKET),
        ("MQTT-1.5.3-2 of 3.1.1", 0, "0001 00 00", reasons.MALFORMED_PACKET),
        ("MQTT-3.3.2-2 of 3.1.1", 0, "0001'#' 00", reasons.TOPIC_NAME_INVALID),
        ("MQTT-4.7.3-1", 0, "0000 00", reasons.PROTOCOL_ERROR),
    ],
)
def test_illegal(statement: str, qos: QoS, body: str, reason: int) -> None:
    """A giant is held to the same rules as any PUBLISH."""
    with pytest.raises(MalformedPacket) as caught:
        read(qos, raw(body), [])
    assert (statement, caught.value.reason) == (statement, reason)
