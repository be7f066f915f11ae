"""Numbers and times as people read them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from holdfast.cli.words import clock, columns, count, equation, printable, short
from holdfast.outbox import Ledger


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


def test_what_a_terminal_would_obey_is_shown() -> None:
    """A topic or payload is somebody else's text: it draws nothing, and ends no line unless wanted."""
    assert printable("plant/ü\x1b[31m\n\u202e") == "plant/ü\\x1b[31m\\n\\u202e"
    assert printable("two\nlines\t\x07", keep="\n\t") == "two\nlines\t\\x07"


def test_columns_stand_below_each_other() -> None:
    """As wide as the widest; no line ends with spaces."""
    rows: list[tuple[str, ...]] = [("184201", "x", ""), ("7", "longer", "why")]
    assert columns(("id", "topic", "reason"), rows) == [
        " id      topic   reason",
        " 184201  x",
        " 7       longer  why",
    ]


def test_the_books_are_an_equation() -> None:
    """Contract 7, in one line."""
    ledger = Ledger(10_330, 10_000, 300, 1, 2, 3, 24, datetime.now(UTC))
    assert equation(ledger) == (
        "accepted 10,330 = acknowledged 10,000 + sent 300 + failed 1 + expired 2 + dropped 3 + pending 24"
    )
