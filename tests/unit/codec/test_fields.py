"""The fields that several packet types share."""

from __future__ import annotations

import pytest

from holdfast import reasons
from holdfast.codec import MalformedPacket, fields
from holdfast.codec import packet_types as kinds
from holdfast.messages import NO_PROPERTIES
from tests.unit.codec.golden import raw


def test_identifier() -> None:
    """Two bytes, not both 0 [MQTT-2.2.1-3], and both inside the packet."""
    assert fields.read_identifier(raw("FF 0102"), 1, 3, kinds.PUBACK) == (0x0102, 3)
    for data, end, reason in ((raw("0000"), 2, 0x82), (raw("0001"), 1, 0x81)):
        with pytest.raises(MalformedPacket) as caught:
            fields.read_identifier(data, 0, end, kinds.PUBACK)
        assert caught.value.reason == reason


@pytest.mark.parametrize(
    ("data", "ending"),
    [
        ("", (0, NO_PROPERTIES, 0)),
        ("97", (0x97, NO_PROPERTIES, 1)),
        ("97 00", (0x97, NO_PROPERTIES, 2)),
        ("00 05 1F 0002'no'", (0, {"reason_string": "no"}, 7)),
    ],
)
def test_ending(data: str, ending: tuple[object, ...]) -> None:
    """MQTT 5 §3.4.2.1: what says nothing may be left out, from the end."""
    octets = raw(data)
    assert fields.read_ending(octets, 0, len(octets), kinds.PUBACK) == ending


def test_reasons() -> None:
    """At least one code, each a known one."""
    known = fields.REASONS_OF[kinds.UNSUBACK]
    assert fields.read_reasons(raw("0011"), 0, 2, kinds.UNSUBACK, known) == [0, 0x11]
    for data in (b"", raw("0001")):
        with pytest.raises(MalformedPacket) as caught:
            fields.read_reasons(data, 0, len(data), kinds.UNSUBACK, known)
        assert caught.value.reason == reasons.PROTOCOL_ERROR
