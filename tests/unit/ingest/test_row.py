"""A message becomes a row: the same columns whatever came."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.errors import ConfigurationError
from holdfast.ingest.row import capture_columns, default_table, properties_json, timestamp, to_row
from holdfast.messages import Message

ARRIVED = datetime(2026, 11, 21, 5, 0, 0, 250_000, UTC).timestamp()


def row(message: Message, captures: tuple[str, ...] = ()) -> dict[str, object]:
    names = [column.name for column in default_table([f"{{{name}}}/x" for name in captures]).columns]
    return dict(zip(names, to_row(message, captures), strict=True))


def test_a_plain_message() -> None:
    """Topic, QoS, retain and payload as they came; no properties is null."""
    made = row(Message("plant/1/temp", b"21.5", qos=1, arrived=ARRIVED))
    assert made == {
        "received": datetime(2026, 11, 21, 5, 0, 0, 250_000, UTC),
        "topic": "plant/1/temp",
        "qos": 1,
        "retain": False,
        "payload": "21.5",
        "properties": None,
    }


def test_a_retained_message_says_so() -> None:
    """Who counts readings must be able to leave out what the broker had kept."""
    assert row(Message("t", b"", retain=True))["retain"] is True


@pytest.mark.parametrize(
    ("payload", "kept"),
    [
        (b"", ""),
        ("ทดสอบ##หนึ่ง".encode(), "ทดสอบ##หนึ่ง"),
        (b"\xff\xfe", b"\xff\xfe"),
        (b"a\0b", b"a\0b"),
    ],
)
def test_a_payload_is_text_where_it_can_be(payload: bytes, kept: str | bytes) -> None:
    """UTF-8 becomes text; anything else, and text with NUL, which SQLite would cut, stays bytes."""
    assert row(Message("t", payload))["payload"] == kept


@given(st.binary())
def test_no_payload_is_changed(payload: bytes) -> None:
    """Whatever its form in the row, the bytes come back."""
    kept = row(Message("t", payload))["payload"]
    assert (kept.encode() if isinstance(kept, str) else kept) == payload


def test_captures_have_a_column_each() -> None:
    """A capture that this message's filter lacks is null."""
    message = Message("plant/7/temp", b"", captures={"line": "7"})
    made = row(message, ("line", "room"))
    assert (made["line"], made["room"]) == ("7", None)


def test_a_table_has_its_name_and_key() -> None:
    """A capture of the key is required: what has no name cannot be known again."""
    table = default_table(["plant/{line}/{sensor}"], "raw", ("line",), "last")
    assert (table.name, table.key, table.keep) == ("raw", ("line",), "last")
    assert [column.required for column in table.columns if column.name in ("line", "sensor")] == [True, False]


def test_columns_come_from_all_filters_in_order() -> None:
    """Each name once, however many filters have it."""
    filters = ["plant/{line}/temp", "site/{place}/{line}/#", "plain/+"]
    assert capture_columns(filters) == ("line", "place")


@pytest.mark.parametrize("name", ["topic", "Payload", "id"])
def test_a_capture_cannot_take_a_column_of_every_row(name: str) -> None:
    """It is refused before anything is opened, with another name."""
    with pytest.raises(ConfigurationError, match="has a column") as caught:
        capture_columns([f"a/{{{name}}}"])
    assert f"{{{name}_}}" in str(caught.value.hint)


def test_captures_that_differ_in_case_only_are_refused() -> None:
    """A database would take them for one column."""
    with pytest.raises(ConfigurationError, match="case only"):
        capture_columns(["a/{Line}", "b/{line}"])


def test_properties_are_json() -> None:
    """Bytes as base64, user properties as pairs in wire order, repeats kept."""
    properties = {
        "content_type": "text/plain",
        "correlation_data": b"\x00\xff",
        "user_property": (("a", "1"), ("a", "2")),
    }
    assert json.loads(str(properties_json(properties))) == {
        "content_type": "text/plain",
        "correlation_data": "AP8=",
        "user_property": [["a", "1"], ["a", "2"]],
    }


def test_properties_of_the_link_are_left_out() -> None:
    """Topic alias and subscription identifier say nothing about the message."""
    assert properties_json({"topic_alias": 3, "subscription_identifier": (9,)}) is None


def test_a_time_is_utc_whatever_the_zone() -> None:
    """RFC 3339 with milliseconds and Z."""
    bangkok = datetime(2026, 11, 21, 12, 0, 0, 999, timezone(timedelta(hours=7)))
    assert timestamp(bangkok) == "2026-11-21T05:00:00.000Z"
