"""The result of a run: medians, ratios inside the run, targets judged, and everything absent named."""

from __future__ import annotations

from typing import Any

from benchmarks.measure import Record
from benchmarks.page import page
from benchmarks.plan import Outcome
from benchmarks.report import joined, medians, result
from benchmarks.targets import judge


def record(client: str, cpu_us: float, repetition: int = 0, case: str = "receive-qos1") -> Record:
    more = {
        "cpu_us": cpu_us,
        "user_us": cpu_us - 1,
        "sys_us": 1.0,
        "server_us": 0.5,
        "messages_per_s": 1e6 / cpu_us,
    }
    return Record(case, client, repetition, cpu_us, more, 0.1, "somehow")


def found(*records: Record, void: dict[Any, str] | None = None, absent: dict[Any, str] | None = None) -> Any:
    outcome = Outcome(list(records), void or {}, absent or {})
    return result(outcome, judge(medians(records)), "1")


def test_the_median_counts_not_the_outlier() -> None:
    """One disturbed run of three does not move the figure."""
    kept = found(*(record("gmqtt", cost, i) for i, cost in enumerate([10.0, 90.0, 11.0])))
    assert (kept["rows"][0]["figure"], kept["rows"][0]["runs"]) == (11.0, [10.0, 90.0, 11.0])
    assert kept["repetitions"] == 3


def test_what_else_was_seen_has_its_name() -> None:
    """Beside the figure of a case stands whatever else a target may ask for."""
    seen = medians([record("gmqtt", cost, i) for i, cost in enumerate([10.0, 12.0, 14.0])])
    assert (seen["receive-qos1", "gmqtt"], seen["receive-qos1.user_us", "gmqtt"]) == (12.0, 11.0)


def test_the_pair_of_equals_is_told() -> None:
    """The A/A ratio is in the result and on the page."""
    kept = found(record("gmqtt", 10), record("gmqtt (again)", 11))
    assert kept["again"] == {"receive-qos1": 1.1}
    assert "receive-qos1 1.10" in page(kept)


def test_cases_are_measured_anew_in_a_kept_run() -> None:
    """The others stay as they were; targets are judged on both."""
    before = found(record("aiomqtt 3 alpha", 10), record("holdfast", 7), record("gmqtt", 1, case="idle"))
    anew = found(record("aiomqtt 3 alpha", 10), record("holdfast", 5))
    both = joined(before, anew, judge)
    assert [(row["case"], row["client"], row["figure"]) for row in both["rows"]] == [
        ("idle", "gmqtt", 1.0),
        ("receive-qos1", "aiomqtt 3 alpha", 10.0),
        ("receive-qos1", "holdfast", 5.0),
    ]
    assert "kept         0.50   receive-qos1: holdfast / aiomqtt 3 alpha" in page(both)


def test_the_page_says_what_the_end_means() -> None:
    """Beside each case stands when its clock stopped, beside each client by which means, and each verdict."""
    text = page(found(record("aiomqtt 3 alpha", 10), record("holdfast", 7)))
    assert "64 bytes; the handler has had every message and the server every PUBACK" in text
    assert "holdfast: somehow" in text
    assert "BROKEN       0.70   receive-qos1: holdfast / aiomqtt 3 alpha at most 0.6" in text
    assert "NOT CHECKED         publish-qos1-bulk" in text


def test_nobody_is_silently_missing() -> None:
    """A peer that lost messages has a row that says so, one that was not measured a reason."""
    case = "receive-qos0"
    text = page(
        found(
            record("gmqtt", 5, case=case),
            void={(case, "aiomqtt 3 alpha"): "of 9: 8 delivered, says the client"},
            absent={(case, "awscrt"): "no wheel", (case, "paho"): "no wheel"},
        )
    )
    assert "aiomqtt 3 alpha         void: of 9: 8 delivered, says the client" in text
    assert "not measured: awscrt, paho: no wheel" in text
