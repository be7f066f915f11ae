"""The data types of MQTT 5 §1.5: bounds of numbers, lengths and text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.codec import MalformedPacket, wire
from holdfast.errors import ConfigurationError
from tests.unit.codec.strategies import texts

# MQTT 5 table 1-1: the first and the last number of each length
VARINTS = [
    (0, "00"),
    (127, "7F"),
    (128, "8001"),
    (16_383, "FF7F"),
    (16_384, "808001"),
    (2_097_151, "FFFF7F"),
    (2_097_152, "80808001"),
    (268_435_455, "FFFFFF7F"),
]


@pytest.mark.parametrize(("value", "octets"), VARINTS)
def test_varint_table(value: int, octets: str) -> None:
    """[MQTT-1.5.5-1] Each number has the bytes of the standard's table, both ways."""
    data = bytes.fromhex(octets)
    assert wire.write_varint(value, "x") == data
    assert wire.read_varint(b"?" + data + b"\xff", 1, 1 + len(data)) == (value, 1 + len(data))


@given(value=st.integers(0, wire.MAX_VARINT))
def test_varint_round_trip(value: int) -> None:
    """Every number up to the largest is read back."""
    data = wire.write_varint(value, "x")
    assert wire.read_varint(data, 0, len(data)) == (value, len(data))


@pytest.mark.parametrize("value", [-1, 268_435_456])
def test_varint_bounds(value: int) -> None:
    """A number outside 0 to 268,435,455 is not written."""
    with pytest.raises(ConfigurationError, match=f"x is {value}"):
        wire.write_varint(value, "x")


@given(text=texts, behind=st.binary(max_size=4))
def test_text_round_trip(text: str, behind: bytes) -> None:
    """Any Unicode text without U+0000 and surrogates is read back."""
    data = wire.write_text(text, "x")
    assert wire.read_text(data + behind, 0, len(data)) == (text, len(data))


def test_longest_text() -> None:
    """65,535 bytes fit, one more does not."""
    data = wire.write_text("x" * 65_535, "x")
    assert wire.read_binary(data, 0, len(data)) == (b"x" * 65_535, 65_537)
    with pytest.raises(ConfigurationError):
        wire.write_text("x" * 65_536, "x")


@pytest.mark.parametrize(
    "read", [wire.read_byte, wire.read_two, wire.read_four, wire.read_varint, wire.read_text, wire.read_pair]
)
def test_the_end_is_not_passed(read: object) -> None:
    """No reader touches what lies behind the end, though it is there."""
    assert callable(read)
    with pytest.raises(MalformedPacket):
        read(b"\0" * 8, 0, 0)


def test_text_edges_of_unicode() -> None:
    """[MQTT-1.5.4-1] The code points beside the surrogates and the last one are text."""
    for text in ("\ud7ff", "\ue000", "\U0010ffff", "\ufeff"):
        assert wire.text_of(text.encode()) == text
