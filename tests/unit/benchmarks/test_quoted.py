"""The figures in documents come from the kept run, whatever stood there before."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks.quoted import BEGIN, END, in_changelog, in_readme

FOUND: dict[str, Any] = {
    "rows": [
        {"case": case, "client": client, "figure": figure, "more": {}}
        for case in ("publish-qos1-bulk", "receive-qos1", "receive-qos0")
        for client, figure in (("holdfast", 2.04), ("gmqtt", 10.2))
    ],
    "void": [{"case": "receive-qos0", "client": "aiomqtt 3 alpha", "why": "lost"}],
}


def test_the_table_stands_between_its_marks() -> None:
    """What was there goes, what is around stays, and writing it twice changes nothing."""
    text = in_readme(f"before\n{BEGIN}\nstale\n{END}\nafter\n", FOUND)
    assert text.startswith("before\n")
    assert text.endswith(f"{END}\nafter\n")
    assert "stale" not in text
    assert "| receive QoS 0 | **2.0** | 10.2 | – | loses messages |" in text
    assert in_readme(text, FOUND) == text


def test_a_readme_without_marks_is_refused() -> None:
    """Nothing is written where nobody asked for it."""
    with pytest.raises(ValueError, match="has no"):
        in_readme("text", FOUND)


def test_the_changelog_has_its_ratios() -> None:
    """Two ratios to gmqtt, over a line break too."""
    old = "publishing QoS 1 in bulk costs 9.99, receiving QoS 1\n  9.99 of gmqtt's CPU"
    assert in_changelog(old, FOUND) == old.replace("9.99", "0.20")
