"""The figures that documents quote are those of the kept benchmark run."""

from __future__ import annotations

import json
import re

import pytest

from tests.project.source import ROOT

# The row of the README's table -> the case; the columns -> the clients, in the order they stand there.
ROWS = {
    "publish QoS 1, in bulk": ("publish-qos1-bulk", ("holdfast", "gmqtt", "paho")),
    "publish QoS 1, each acknowledgement awaited, 100 at a time": (
        "publish-qos1-awaited",
        ("holdfast", "gmqtt", "paho"),
    ),
    "receive QoS 1": ("receive-qos1", ("holdfast", "gmqtt", "gmqtt (async handler)", "paho")),
}


def measured() -> dict[tuple[str, str], float]:
    run = json.loads((ROOT / "benchmarks/results/first.json").read_text("utf-8"))
    return {(row["case"], row["client"]): row["cpu_us"] for row in run["rows"]}


def shown(cpu_us: float) -> str:
    return f"{cpu_us:.1f}" if cpu_us < 50 else f"{cpu_us:.0f}"


@pytest.mark.parametrize("title", ROWS)
def test_the_readme_quotes_the_kept_run(title: str) -> None:
    """Every number in a row of the table is the median of that client in benchmarks/results/first.json."""
    case, clients = ROWS[title]
    readme = (ROOT / "README.md").read_text("utf-8")
    (line,) = [line for line in readme.splitlines() if line.startswith(f"| {title} |")]
    figures = re.findall(r"\d+(?:\.\d+)?", line.removeprefix(f"| {title} |"))
    assert figures == [shown(measured()[case, client]) for client in clients]


def test_the_changelog_quotes_the_kept_run() -> None:
    """The ratios to gmqtt in the changelog are those of the same run."""
    medians = measured()
    changelog = (ROOT / "CHANGELOG.md").read_text("utf-8")
    ratios = [
        f"{medians[case, 'holdfast'] / medians[case, 'gmqtt']:.2f}"
        for case in ("publish-qos1-bulk", "receive-qos1")
    ]
    quoted = re.search(r"in bulk costs (0\.\d\d), receiving QoS 1\s+(0\.\d\d) of gmqtt", changelog)
    assert quoted is not None
    assert list(quoted.groups()) == ratios
