"""The result of a run: medians, ratios inside the run, budgets judged."""

from __future__ import annotations

from benchmarks.measure import Record
from benchmarks.report import page, result


def record(client: str, cpu_us: float, repetition: int = 0, case: str = "receive-qos1") -> Record:
    return Record(case, client, repetition, cpu_us, cpu_us - 1, 1.0, 0.5, 1e6 / cpu_us, 0.1, "somehow")


def test_the_median_counts_not_the_outlier() -> None:
    """One disturbed run of three does not move the figure."""
    found = result([record("gmqtt", cost, i) for i, cost in enumerate([10.0, 90.0, 11.0])], 100, 64, "1")
    row = found["rows"][0]
    assert (row["cpu_us"], row["lowest_us"], row["highest_us"]) == (11.0, 10.0, 90.0)
    assert found["repetitions"] == 3


def test_budgets_are_ratios_of_the_run() -> None:
    """Half of gmqtt keeps `receive-qos1`, more breaks it, and what was not measured is neither."""
    kept, broken = (
        {b["case"]: b for b in result([record("gmqtt", 10), record("holdfast", ours)], 1, 1, "1")["budgets"]}
        for ours in (5.0, 5.1)
    )
    assert (kept["receive-qos1"]["ratio"], kept["receive-qos1"]["kept"]) == (0.5, True)
    assert (broken["receive-qos1"]["ratio"], broken["receive-qos1"]["kept"]) == (0.51, False)
    assert kept["publish-qos1-bulk"]["kept"] is None


def test_the_pair_of_equals_is_told() -> None:
    """The A/A ratio is in the result and on the page."""
    found = result([record("gmqtt", 10), record("gmqtt (again)", 11)], 1, 1, "1")
    assert found["again"] == {"receive-qos1": 1.1}
    assert "receive-qos1 1.10" in page(found)


def test_the_page_says_what_the_end_means() -> None:
    """Beside each case stands when its clock stopped, beside each client by which means, and each verdict."""
    text = page(result([record("gmqtt", 10), record("holdfast", 6)], 20_000, 64, "1"))
    assert (
        "receive-qos1: ends when the handler has had every message and the server has had every PUBACK"
        in text
    )
    assert "holdfast: somehow" in text
    assert "budget  BROKEN 0.60   receive-qos1" in text
    assert "budget  not measured   publish-qos1-bulk" in text
