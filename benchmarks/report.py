"""From records to the result: medians, ratios inside the run, and the page a person reads."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Iterable, Sequence
from statistics import median
from typing import Any

from benchmarks.cases import BUDGETS, BY_NAME, Budget
from benchmarks.contestants import AGAIN, peer_versions
from benchmarks.measure import Record

BASE = "gmqtt"
"""The client that the ratios in the table are taken to."""

NOISE = 0.2
"""Two figures closer than this are not told apart."""


def result(
    records: Sequence[Record], messages: int, payload_bytes: int, holdfast: str | None
) -> dict[str, Any]:
    """Everything the run found out, as it is kept in a file; names no host and no path."""
    calibration = [record.calibration_us for record in records]
    rows = [_row(group) for group in _groups(records)]
    return {
        "python": platform.python_version(),
        "machine": platform.machine(),
        "cores": os.cpu_count(),
        "versions": {"holdfast": holdfast, **peer_versions()},
        "messages": messages,
        "payload_bytes": payload_bytes,
        "repetitions": 1 + max(record.repetition for record in records),
        "calibration_us": {
            "median": median(calibration),
            "lowest": min(calibration),
            "highest": max(calibration),
        },
        "rows": rows,
        "again": _ratios(rows, AGAIN, BASE),
        "budgets": [_judged(budget, rows) for budget in BUDGETS],
        "records": [record._asdict() for record in records],
    }


def _groups(records: Iterable[Record]) -> list[list[Record]]:
    groups: dict[tuple[str, str], list[Record]] = {}
    for record in records:
        groups.setdefault((record.case, record.client), []).append(record)
    return list(groups.values())


def _row(group: list[Record]) -> dict[str, Any]:
    def middle(figure: Callable[[Record], float]) -> float:
        return round(median(figure(record) for record in group), 3)

    return {
        "case": group[0].case,
        "client": group[0].client,
        "cpu_us": middle(lambda record: record.cpu_us),
        "lowest_us": round(min(record.cpu_us for record in group), 3),
        "highest_us": round(max(record.cpu_us for record in group), 3),
        "user_us": middle(lambda record: record.user_us),
        "sys_us": middle(lambda record: record.sys_us),
        "per_calibration_step": middle(lambda record: record.cpu_us / record.calibration_us),
        "server_us": middle(lambda record: record.server_us),
        "messages_per_s": round(middle(lambda record: record.messages_per_s)),
        "busy": middle(lambda record: record.cpu_us * record.messages_per_s / 1e6),
        "how": group[0].how,
    }


def _ratios(rows: list[dict[str, Any]], client: str, base: str) -> dict[str, float]:
    cost = {(row["case"], row["client"]): row["cpu_us"] for row in rows}
    return {
        case: round(cost[case, client] / cost[case, base], 3)
        for case in BY_NAME
        if (case, client) in cost and (case, base) in cost
    }


def _judged(budget: Budget, rows: list[dict[str, Any]]) -> dict[str, Any]:
    ratio = _ratios(rows, budget.client, budget.peer).get(budget.case)
    return {**budget._asdict(), "ratio": ratio, "kept": None if ratio is None else ratio <= budget.most}


def page(found: dict[str, Any]) -> str:
    """The result as text, saying what each number means."""
    step = found["calibration_us"]
    lines = [
        f"{found['messages']:,} messages of {found['payload_bytes']} bytes on MQTT 5 against the ack server, "
        f"median of {found['repetitions']} runs; CPython {found['python']}, {found['cores']} cores",
        "  CPU     µs per message, user + system of the client process, from CONNACK to the end named",
        "  steps   the same in steps of a calibration loop timed in the same process "
        f"(a step: {step['median']:.4f} µs, {step['lowest']:.4f} to {step['highest']:.4f})",
        "  busy    share of the wall time in which the client ran: near 100 % it is the bottleneck",
        "  server  the ack server's own CPU, µs per message",
    ]
    for case in dict.fromkeys(row["case"] for row in found["rows"]):
        lines += [
            "",
            f"{case}: {BY_NAME[case].ends}",
            *_table([r for r in found["rows"] if r["case"] == case]),
        ]
    lines += ["", "A/A, gmqtt again / gmqtt: " + _listed(found["again"])]
    lines += [f"   what differs there is noise; differences under {NOISE:.0%} mean nothing"]
    return "\n".join([*lines, "", *map(_verdict, found["budgets"])])


_COLUMNS: tuple[tuple[str, int, Callable[[dict[str, Any]], str]], ...] = (
    ("CPU", 8, lambda row: f"{row['cpu_us']:.2f}"),
    ("(range)", 16, lambda row: f"{row['lowest_us']:.2f} - {row['highest_us']:.2f}"),
    ("user", 8, lambda row: f"{row['user_us']:.2f}"),
    ("system", 8, lambda row: f"{row['sys_us']:.2f}"),
    ("steps", 8, lambda row: f"{row['per_calibration_step']:.0f}"),
    ("msg/s", 11, lambda row: f"{row['messages_per_s']:,}"),
    ("busy", 7, lambda row: f"{row['busy']:.0%}"),
    ("server", 8, lambda row: f"{row['server_us']:.2f}"),
)


def _table(rows: list[dict[str, Any]]) -> list[str]:
    base = next((row["cpu_us"] for row in rows if row["client"] == BASE), None)
    lines = [" " * 24 + "".join(f"{name:>{width}}" for name, width, _ in _COLUMNS) + f"{f'x {BASE}':>9}"]
    for row in rows:
        cells = "".join(f"{text(row):>{width}}" for _, width, text in _COLUMNS)
        ratio = f"{row['cpu_us'] / base:.2f}" if base else ""
        lines.append(f"  {row['client']:<22}{cells}{ratio:>9}")
    return [*lines, *(f"    {row['client']}: {row['how']}" for row in rows if row["client"] != AGAIN)]


def _listed(ratios: dict[str, float]) -> str:
    return ", ".join(f"{case} {ratio:.2f}" for case, ratio in ratios.items()) or "not measured"


def _verdict(budget: dict[str, Any]) -> str:
    what = f"{budget['case']}: {budget['client']} / {budget['peer']} at most {budget['most']}"
    if budget["ratio"] is None:
        return f"budget  not measured   {what}"
    return f"budget  {'kept' if budget['kept'] else 'BROKEN':<6} {budget['ratio']:.2f}   {what}"
