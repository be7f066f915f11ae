"""The packet types and their first bytes."""

from __future__ import annotations

from holdfast.codec import packet_types as kinds


def test_first_bytes() -> None:
    """MQTT 5 tables 2-1 and 2-2: type in the high nibble, 0010 in three of them [MQTT-2.1.3-1]."""
    assert [kinds.first_byte(kind) for kind in range(1, 16)] == [
        *(0x10, 0x20, 0x30, 0x40, 0x50, 0x62, 0x70, 0x82, 0x90, 0xA2, 0xB0, 0xC0, 0xD0, 0xE0, 0xF0)
    ]


def test_names() -> None:
    """Each constant is the place of its own name."""
    for name in kinds.NAMES[1:]:
        assert kinds.NAMES[getattr(kinds, name)] == name
    assert kinds.NAMES[kinds.WILL] == "Will"
