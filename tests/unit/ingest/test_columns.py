"""A column's definition is read, checked, and turned into a way to its value."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from holdfast.errors import ConfigurationError
from holdfast.handling.sources import Reading
from holdfast.ingest.columns import Definition, getter, parse
from holdfast.ingest.errors import Misfit
from holdfast.ingest.table import Column
from holdfast.messages import Message

PAYLOAD = b'{"value": {"temp": 21.5}, "time": 1795237200, "null": null}'
AT = datetime(2026, 11, 21, 5, tzinfo=UTC)


def value(text: str, payload: bytes = PAYLOAD) -> Any:
    properties = {"content_type": "text/x", "user_property": (("rank", "3"),)}
    message = Message("plant/1/temp", payload, 1, True, False, properties, {"line": "1"}, AT.timestamp())
    return getter(parse("column", text), ("line", "room"))(Reading(message))


@pytest.mark.parametrize(
    ("text", "definition"),
    [
        ("$.temp real", Definition("c", "$.temp", "real")),
        ("  $.temp   real   required ", Definition("c", "$.temp", "real", required=True)),
        ("$.unit text default=C", Definition("c", "$.unit", "text", default="C")),
        ("$.unit text default=not known = ?", Definition("c", "$.unit", "text", default="not known = ?")),
        ("$.unit text default=", Definition("c", "$.unit", "text", default="")),
    ],
)
def test_a_definition_is_read(text: str, definition: Definition) -> None:
    """Source, type, and what is done where nothing is there; a default may hold spaces."""
    assert parse("c", text) == definition


def test_a_column_of_the_key_is_required() -> None:
    """Unless it has a default: null is the same as nothing, not even as null."""
    assert parse("c", "{line} text", required=True).required
    assert not parse("c", "$.line text default=1", required=True).required


@pytest.mark.parametrize(
    ("text", "fact", "hint"),
    [
        ("", "has no type", "SOURCE type"),
        ("$.temp", "has no type", "SOURCE type"),
        ("$.temp rael", "'rael' is no type", "text, int, real"),
        ("$.temp real needed", "'needed' says nothing", "required|default=VALUE"),
        ("$.temp real required default=1", "says nothing", "required|default=VALUE"),
        ("$.\udcff int required", "is not UTF-8", "in UTF-8"),
        ("@property.\udcff text", "is not UTF-8", "in UTF-8"),
        ("$.unit json default=\udcff", "is not UTF-8", "in UTF-8"),
    ],
)
def test_a_wrong_definition_is_refused(text: str, fact: str, hint: str) -> None:
    """The sentence has the column, what was written, and the form."""
    with pytest.raises(ConfigurationError, match=fact) as caught:
        parse("temp_c", text)
    assert "'temp_c'" in str(caught.value)
    assert repr(text) in str(caught.value)
    assert hint in str(caught.value.hint)


@pytest.mark.parametrize(
    ("text", "fact"),
    [
        ("temp real", "says not where"),
        ("{place} text", "no such capture"),
        ("$.temp real default=warm", "'warm' is no real"),
        ("$.at time default=2026-11-21", "no offset"),
        ("$.x json default={", "not JSON"),
        ("@payload json", "bytes is no json"),
        ("@received unixtime", "a time is no unixtime"),
        ("@topic int", "is no int"),
        ("@retain text", "a bool is no text"),
    ],
)
def test_what_can_never_fit_is_refused(text: str, fact: str) -> None:
    """Before the first message, and with a hint."""
    with pytest.raises(ConfigurationError, match=fact) as caught:
        getter(parse("temp_c", text), ("line",))
    assert "column 'temp_c'" in str(caught.value)


def test_a_field_has_its_types_for_a_hint() -> None:
    """Whoever wants the payload as JSON is told how."""
    with pytest.raises(ConfigurationError) as caught:
        getter(parse("raw", "@payload json"), ())
    assert "$ is the payload as JSON" in str(caught.value.hint)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("$.value.temp real required", 21.5),
        ("$.value json", '{"temp":21.5}'),
        ("$.time unixtime", AT),
        ("{line} int", 1),
        ("@received time", AT),
        ("@payload blob", PAYLOAD),
        ("@retain bool", True),
        ("@property.rank int", 3),
        ("@property.content_type text", "text/x"),
        ("$.unit text", None),
        ("$.null text", None),
        ("$.unit text default=C", "C"),
        ("$.null int default=7", 7),
        ('$.x json default={"a": 1}', '{"a":1}'),
        ("{room} text", None),
    ],
)
def test_a_value_is_found(text: str, kept: Any) -> None:
    """Converted; what is missing, or null in JSON, is null or the default."""
    assert value(text) == kept


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("$.unit text required", "column: $.unit is missing"),
        ("$.null text required", "column: $.null is missing"),
        ("$.value real", "column: $.value: an object is no real"),
        ("$.time time", "column: $.time: 1795237200 is no time"),
    ],
)
def test_a_misfit_is_named(text: str, reason: str) -> None:
    """With its column and where the value stands."""
    with pytest.raises(Misfit) as caught:
        value(text)
    assert str(caught.value) == reason


def test_the_column_of_a_table() -> None:
    """A unix time is a time to a database."""
    assert parse("at", "$.time unixtime required").column == Column("at", "time", required=True)
    assert parse("raw", "@payload blob").column == Column("raw", "blob")
