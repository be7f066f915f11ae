"""Numbers and times as people read them."""

from __future__ import annotations

import pytest

from holdfast.cli.words import clock, count, short


def test_a_count_has_thousands() -> None:
    """10318 is read as 10,318."""
    assert (count(7), count(10_318)) == ("7", "10,318")


@pytest.mark.parametrize(("seconds", "text"), [(0.9, "00:00:00"), (192, "00:03:12"), (360_000, "100:00:00")])
def test_a_span_is_hours_minutes_seconds(seconds: float, text: str) -> None:
    """Rounded down: a link that was up for 0.9 s was not up for a second."""
    assert clock(seconds) == text


@pytest.mark.parametrize(("seconds", "text"), [(0.0008, "0.8 ms"), (0.3404, "340 ms"), (4.12, "4.1 s")])
def test_a_measured_time_has_its_unit(seconds: float, text: str) -> None:
    """As many digits as matter."""
    assert short(seconds) == text
