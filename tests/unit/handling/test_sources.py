"""One notation says where in a message a value stands."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.errors import ConfigurationError, PayloadError
from holdfast.handling.sources import Reading, source
from holdfast.messages import Message

PAYLOAD = b'{"data": {"value": {"bp_high": 120}}, "readings": [1, {"at": 5}], "null": null, "type": "HB_Msg"}'


def reading(payload: bytes = PAYLOAD) -> Reading:
    properties = {"content_type": "text/x", "user_property": (("unit", "C"), ("unit", "F"), ("rank", "1"))}
    message = Message("plant/1/temp", payload, 1, True, True, properties, {"line": "1"}, arrived=0.0)
    return Reading(message)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("{line}", "1"),
        ("$.data.value.bp_high", 120),
        ("$.readings[0]", 1),
        ("$.readings[1].at", 5),
        ("$.null", None),
        ("$.missing", None),
        ("$.missing.more", None),
        ("$.type.more", None),
        ("$.data[0]", None),
        ("$.readings[2]", None),
        ("$.readings[999999999]", None),
        ("$.readings.at", None),
        ("@topic", "plant/1/temp"),
        ("@qos", 1),
        ("@retain", True),
        ("@duplicate", True),
        ("@received", datetime(1970, 1, 1, tzinfo=UTC)),
        ("@payload", PAYLOAD),
        ("@property.content_type", "text/x"),
        ("@property.unit", "C"),
        ("@property.rank", "1"),
        ("@property.none", None),
    ],
)
def test_a_source_finds_its_value(text: str, value: Any) -> None:
    """What is not there is None, whatever stands in its place."""
    assert source(text, ("line",))(reading()) == value


def test_the_whole_payload() -> None:
    """``$`` alone is the document, of any kind."""
    assert source("$", ())(reading(b"21.5")) == 21.5
    assert source("$[1]", ())(reading(b"[1, 2]")) == 2


def test_a_payload_is_decoded_once() -> None:
    """Twenty columns do not parse twenty times."""
    message = reading()
    assert source("$.data", ())(message) is source("$.data", ())(message)


def test_no_json_is_a_payload_error_for_who_looks() -> None:
    """Whoever wants the topic alone does not care."""
    bad = reading(b"\xff{")
    assert source("@topic", ())(bad) == "plant/1/temp"
    with pytest.raises(PayloadError, match="not JSON"):
        source("$.a", ())(bad)


@pytest.mark.parametrize(
    ("text", "words", "hint"),
    [
        ("{room}", "no such capture", "line"),
        ("value", "says not where", "$.json.path"),
        ("$value", "says not where", "@field"),
        ("$.a[*]", "says not where", "{capture}"),
        ("$.a[-1]", "says not where", "{capture}"),
        ("$.", "says not where", "{capture}"),
        ("", "says not where", "{capture}"),
        ("@property.", "names no property", "content_type"),
        ("@size", "no field", "@payload"),
        ("$.a[1234567890]", r"\[123456789\.\.\.\] has 10 digits", "9 digits at most"),
        (f"$.a[{'9' * 5000}]", "has 5000 digits", "9 digits at most"),
    ],
)
def test_what_is_no_source_is_refused(text: str, words: str, hint: str) -> None:
    """When it is written, with what may stand there."""
    with pytest.raises(ConfigurationError, match=words) as caught:
        source(text, ("line",))
    assert hint in str(caught.value.hint)


@given(st.recursive(st.none() | st.integers() | st.text(), lambda inner: st.lists(inner), max_leaves=5))
def test_looking_never_fails_in_json(document: Any) -> None:
    """Whatever JSON came, a path gives a value or None."""
    from json import dumps

    source("$.a[0].b", ())(reading(dumps(document).encode()))
