"""The figures that documents quote, from the kept run.

    python -m benchmarks.quoted

Writes them into README.md (between its two marks) and CHANGELOG.md. A test holds both to the kept run, so
after `make bench`, which ends with this, they agree by construction.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from benchmarks import quoted_durable, quoted_ingest
from benchmarks.chart import shown
from benchmarks.report import figures
from benchmarks.targets import ALPHA, LIBMOSQUITTO, OURS

ROOT = Path(__file__).resolve().parents[1]
KEPT = ROOT / "benchmarks/results/bench.json"

BEGIN, END = "<!-- figures: make bench -->", "<!-- end of figures -->"

COLUMNS = {
    OURS: "Holdfast",
    "gmqtt": "gmqtt",
    "mqttium": "mqttium",
    ALPHA: "aiomqtt 3 alpha",
    "aiomqtt 2": "aiomqtt 2",
    "paho": "paho-mqtt",
    "awscrt": "awscrt",
    LIBMOSQUITTO: "libmosquitto (C)",
}
ROWS = {
    "publish-qos1-bulk": "publish QoS 1, in bulk",
    "publish-qos1-awaited": "publish QoS 1, each acknowledgement awaited, 100 at a time",
    "publish-qos2-bulk": "publish QoS 2, in bulk",
    "receive-qos0": "receive QoS 0",
    "receive-qos1": "receive QoS 1",
    "receive-qos1-mosquitto": "receive QoS 1, through mosquitto under load",
    "trip-500": "round trip at 500 a second through mosquitto, median, ms",
    "queued": "memory for a queued message, bytes",
    "idle": "memory of an idle client, MB",
    "import": "import, ms of CPU",
}
_DECIMALS = {"trip-500": 2, "queued": 0, "idle": 1, "import": 0}
"""Of the rows that are not µs per message."""

RATIOS = re.compile(r"(publishing QoS 1 in bulk costs )[\d.]+(, receiving QoS 1\s+)[\d.]+( of gmqtt)")


def kept() -> dict[str, Any]:
    """The run that the documents quote."""
    return read(KEPT)


def read(path: Path) -> dict[str, Any]:
    """A run that was saved."""
    run: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return run


def table(found: dict[str, Any]) -> str:
    """The README's table: a row for each figure, a column for each client."""
    head = " | ".join(["µs of CPU per message, where the row does not say otherwise", *COLUMNS.values()])
    lines = [f"| {head} |", "|" + " --- |" * (len(COLUMNS) + 1)]
    for case, title in ROWS.items():
        lines.append(f"| {title} | " + " | ".join(_cell(found, case, client) for client in COLUMNS) + " |")
    return "\n".join(lines)


def _cell(found: dict[str, Any], case: str, client: str) -> str:
    figure = figures(found["rows"]).get((case, client))
    if figure is None:
        lost = any((one["case"], one["client"]) == (case, client) for one in found["void"])
        return "loses messages" if lost else "–"
    words = f"{figure:.{_DECIMALS[case]}f}" if case in _DECIMALS else shown(figure)
    return f"**{words}**" if client == OURS else words


def in_readme(text: str, found: dict[str, Any]) -> str:
    """The same text with the figures of this run between the marks."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"README.md has no {BEGIN} ... {END}")
    parts = filter(None, (table(found), quoted_durable.tables(found), quoted_ingest.table(found)))
    return "\n\n".join([f"{before}{BEGIN}", *parts, f"{END}{after}"])


def in_changelog(text: str, found: dict[str, Any]) -> str:
    """The same text with the ratios of this run."""
    text = quoted_durable.in_changelog(text, found)
    seen = figures(found["rows"])
    bulk, received = (
        seen[case, OURS] / seen[case, "gmqtt"] for case in ("publish-qos1-bulk", "receive-qos1")
    )
    return RATIOS.sub(rf"\g<1>{bulk:.2f}\g<2>{received:.2f}\g<3>", text)


def main() -> None:
    found = kept()
    for name, renewed in (("README.md", in_readme), ("CHANGELOG.md", in_changelog)):
        path = ROOT / name
        path.write_text(renewed(path.read_text("utf-8"), found), "utf-8")


if __name__ == "__main__":
    main()
