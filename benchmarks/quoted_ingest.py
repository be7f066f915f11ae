"""What documents quote of messages that go into a database: beside the loops that users write for it."""

from __future__ import annotations

from typing import Any

from benchmarks.report import figures
from benchmarks.targets import AIOMQTT_LOOP, OURS, PAHO_LOOP

CASES = {"ingest-sqlite": "QoS 1 into SQLite", "ingest-postgres": "QoS 1 into PostgreSQL"}
CLIENTS = {OURS: "Holdfast", PAHO_LOOP: "a loop on paho", AIOMQTT_LOOP: "a loop on aiomqtt 2"}


def table(found: dict[str, Any]) -> str:
    """A row for each database; nothing where none was measured."""
    seen = figures(found["rows"])
    measured = {case: title for case, title in CASES.items() if (case, OURS) in seen}
    if not measured:
        return ""
    head = "rows a second, each message acknowledged behind its commit (µs of CPU per message)"
    lines = [f"| {head} | {' | '.join(CLIENTS.values())} |", "|" + " --- |" * (len(CLIENTS) + 1)]
    for case, title in measured.items():
        cells = [_cell(seen, case, client) for client in CLIENTS]
        lines.append(f"| {title} | **{cells[0]}** | {' | '.join(cells[1:])} |")
    return "\n".join(lines)


def _cell(seen: dict[tuple[str, str], float], case: str, client: str) -> str:
    rate, cpu = (seen.get((f"{case}.{name}", client)) for name in ("messages_per_s", "cpu_us"))
    return "–" if rate is None or cpu is None else f"{rate:,.0f} ({cpu:.0f})"
