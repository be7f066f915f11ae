"""What fits a column of a type, what it becomes, and why the rest does not."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from math import inf, nan
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.ingest.conversion import CONVERT, SHOWN, Declared, shown
from holdfast.ingest.errors import Misfit

AT = datetime(2026, 11, 21, 5, tzinfo=UTC)
NESTED: Any = []
for _ in range(100_000):
    NESTED = [NESTED]


@pytest.mark.parametrize(
    ("type_", "value", "kept"),
    [
        ("text", "ทดสอบ##หนึ่ง", "ทดสอบ##หนึ่ง"),
        ("text", "", ""),
        ("text", "ทดสอบ".encode(), "ทดสอบ"),
        ("text", 7, "7"),
        ("int", 120, 120),
        ("int", -(1 << 63), -(1 << 63)),
        ("int", "120", 120),
        ("int", 120.0, 120),
        ("int", "1.2e2", 120),
        ("real", 36.88, 36.88),
        ("real", 36, 36.0),
        ("real", "-36.5", -36.5),
        ("real", 1 << 70, float(1 << 70)),
        ("bool", True, True),
        ("bool", "false", False),
        ("bool", 1, True),
        ("time", AT, AT),
        ("time", "2026-11-21T05:00:00Z", AT),
        ("time", "2026-11-21 12:00:00.000001+07:00", AT + timedelta(microseconds=1)),
        ("unixtime", 1_795_237_200, AT),
        ("unixtime", "1795237200.5", AT + timedelta(seconds=0.5)),
        ("unixtime", -1, datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC)),
        ("json", {"name": "ทดสอบ", "n": [1, None]}, '{"name":"ทดสอบ","n":[1,null]}'),
        ("json", "text", '"text"'),
        ("json", "\0", '"\\u0000"'),
        ("blob", b"\xff\0", b"\xff\0"),
        ("blob", "é", b"\xc3\xa9"),
    ],
)
def test_what_fits(type_: Declared, value: Any, kept: Any) -> None:
    """It is kept as what it says, in the type of its column."""
    converted = CONVERT[type_](value)
    assert converted == kept
    assert type(converted) is type(kept)


@pytest.mark.parametrize(
    ("type_", "value", "reason"),
    [
        ("text", 1.10, "1.1 is no text"),
        ("text", True, "a bool is no text"),
        ("text", {}, "an object is no text"),
        ("text", "a\0b", "holds NUL"),
        ("text", "\ud800", "half a surrogate pair"),
        ("text", b"\xff{", "not UTF-8: invalid start byte at byte 0"),
        ("text", b"a\0b", "holds NUL"),
        ("text", AT, "a time is no text"),
        ("int", True, "a bool is no int"),
        ("int", 1.5, "1.5 is no int"),
        ("int", 2.0**60, "is no int"),
        ("int", 1 << 63, "does not fit in 64 bits"),
        ("int", "9223372036854775808", "does not fit in 64 bits"),
        ("int", "9" * 5000, "is no int"),
        ("int", nan, "nan is no int"),
        ("int", "", "'' is no int"),
        ("int", " 1", "' 1' is no int"),
        ("int", "1_000", "is no int"),
        ("int", "007", "is no int"),
        ("int", "0x10", "is no int"),
        ("int", "١", "is no int"),
        ("int", [1], "an array is no int"),
        ("real", "high", "'high' is no real"),
        ("real", "12,5", "is no real"),
        ("real", nan, "nan is no real"),
        ("real", -inf, "-inf is no real"),
        ("real", "NaN", "'NaN' is no real"),
        ("real", "1e999", "is no real"),
        ("real", 10**400, "too large for a real"),
        ("real", False, "a bool is no real"),
        ("bool", 2, "2 is no bool"),
        ("bool", 1.0, "1.0 is no bool"),
        ("bool", "on", "'on' is no bool"),
        ("bool", [], "an array is no bool"),
        ("time", "2026-11-21T05:00:00", "no offset from UTC"),
        ("time", "2026-11-21", "no offset from UTC"),
        ("time", "yesterday", "'yesterday' is no time"),
        ("time", "0001-01-01T00:00:00+14:00", "is no time"),
        ("time", 1_795_237_200, "is no time"),
        ("unixtime", 1_795_237_200_000, "not in the years 1 to 9999"),
        ("unixtime", nan, "not in the years 1 to 9999"),
        ("unixtime", 10**400, "not in the years 1 to 9999"),
        ("unixtime", "noon", "'noon' is no unixtime"),
        ("unixtime", AT, "a time is no unixtime"),
        ("json", nan, "is no json"),
        ("json", [inf], "is no json"),
        ("json", "\udfff", "half a surrogate pair"),
        ("json", b"{}", "bytes is no json"),
        ("json", NESTED, "an array is no json"),
        ("blob", "\ud800", "half a surrogate pair"),
        ("blob", 7, "7 is no blob"),
    ],
)
def test_what_does_not_fit(type_: Declared, value: Any, reason: str) -> None:
    """It is refused with a reason; nothing is guessed, cut or rounded."""
    with pytest.raises(Misfit) as caught:
        CONVERT[type_](value)
    assert reason in str(caught.value)


WHOLE = st.characters(exclude_categories=["Cs"])  # without half pairs
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(st.sampled_from(sorted(CONVERT)), JSON)
def test_whatever_comes_fits_or_has_a_reason(type_: Declared, value: Any) -> None:
    """Nothing else is ever raised, and what is let through is what databases take."""
    try:
        kept = CONVERT[type_](value)
    except Misfit:
        return
    assert type(kept) in (str, int, float, bool, datetime, bytes)
    if isinstance(kept, str):
        kept.encode()
        assert "\0" not in kept


@given(st.integers(-(1 << 63), (1 << 63) - 1))
def test_a_number_as_text_is_that_number(number: int) -> None:
    """A capture and a property are text, whatever they say."""
    assert CONVERT["int"](str(number)) == number == CONVERT["int"](number)


@given(st.datetimes(timezones=st.just(timezone(timedelta(hours=7)))))
def test_a_time_is_the_same_instant(at: datetime) -> None:
    """In UTC, to the microsecond; at the ends of the calendar it is refused."""
    try:
        assert CONVERT["time"](at.isoformat()) == at
    except Misfit:
        assert at.year in (1, 9999)


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(WHOLE), st.lists))
def test_json_comes_back_as_it_was(value: Any) -> None:
    """What JSON can hold is kept whole."""
    assert json.loads(str(CONVERT["json"](value))) == value


def test_a_value_is_shown_short() -> None:
    """A megabyte that does not fit makes no sentence of a megabyte."""
    assert len(shown("x" * 1_000_000)) < SHOWN + 5
    assert len(shown(10**4000)) < SHOWN + 5
