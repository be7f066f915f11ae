"""A message as a line."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from holdfast.cli.sub import as_json, as_text
from holdfast.messages import Message

ARRIVED = datetime(2026, 11, 21, 5, 0, 0, 0, UTC).timestamp()


def test_a_line_of_text() -> None:
    """Topic, a space, the payload."""
    assert as_text(Message("plant/1/temp", b"21.5")) == "plant/1/temp 21.5"


@pytest.mark.parametrize(
    ("payload", "shown"),
    [(b"a\nb\x1b[2J", "a\\nb\\x1b[2J"), (b"\xff\x00", "\\xff\\x00"), ("ทดสอบ".encode(), "ทดสอบ")],
)
def test_a_message_is_one_line_whatever_is_in_it(payload: bytes, shown: str) -> None:
    """Line breaks, terminal codes and bytes that are no text are shown, not obeyed."""
    assert as_text(Message("t", payload)) == f"t {shown}"


def test_an_object() -> None:
    """The keys of the documented session, and nothing that was not there."""
    made = json.loads(as_json(Message("plant/1/temp", b"21.5", qos=1, arrived=ARRIVED)))
    assert made == {
        "topic": "plant/1/temp",
        "payload": "21.5",
        "qos": 1,
        "retain": False,
        "received": "2026-11-21T05:00:00.000Z",
    }


def test_an_object_with_everything() -> None:
    """Bytes as base64; captures and user properties where there are some."""
    message = Message(
        "plant/1", b"\xff", captures={"line": "1"}, properties={"user_property": (("a", "1"), ("a", "2"))}
    )
    made = json.loads(as_json(message))
    assert "payload" not in made
    assert made["payload_base64"] == "/w=="
    assert made["captures"] == {"line": "1"}
    assert made["user_properties"] == [["a", "1"], ["a", "2"]]
