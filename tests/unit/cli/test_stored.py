"""A message in an outbox file, for a person and for a program."""

from __future__ import annotations

import pytest

from holdfast.cli.stored import ago, fields, payload_fields, shown, since
from holdfast.messages import Outgoing


def test_fields_are_plain_values() -> None:
    """What JSON can hold; properties by the standard's names, bytes among them in base64."""
    properties = {"user_property": (("a", "b"),), "correlation_data": b"\xff"}
    row = Outgoing(7, "t", b"", 1, True, properties, priority=2)
    assert fields(row) == {
        "topic": "t",
        "qos": 1,
        "retain": True,
        "priority": "high",
        "tries": 0,
        "properties": {"user_property": (("a", "b"),), "correlation_data_base64": "/w=="},
    }
    assert "properties" not in fields(Outgoing(7, "t", b""))


def test_a_payload_is_bytes_and_maybe_text() -> None:
    """Base64 is always there, so that nothing is lost on the way out."""
    assert payload_fields(b"21.5") == {"size": 4, "payload_base64": "MjEuNQ==", "payload": "21.5"}
    assert payload_fields(b"\xff") == {"size": 1, "payload_base64": "/w=="}


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        (b"", []),
        (b"one\ntwo\tthree", ["one", "two\tthree"]),
        (b"\x1b[31mred", ["\\x1b[31mred"]),
        (b"\xff\x00", ["ff 00"]),
        (b"\xff" * 33, [" ".join(["ff"] * 32), "ff"]),
    ],
)
def test_a_payload_is_shown(payload: bytes, expected: list[str]) -> None:
    """Text as its lines, but with nothing that a terminal would obey; else hex, 32 bytes to a line."""
    assert shown(payload) == expected


def test_when_it_was() -> None:
    """The moment, and how long ago."""
    assert since(192).endswith("Z, 00:03:12 ago")
    assert ago(0) > ago(60)
