"""From records to the result: medians, ratios inside the run, and what the targets say."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Iterable, Sequence
from statistics import median
from typing import Any

from benchmarks import disk, environments
from benchmarks.cases import BY_NAME
from benchmarks.contestants import AGAIN
from benchmarks.measure import Record
from benchmarks.plan import Outcome
from benchmarks.targets import Figures, Judged

BASE = "gmqtt"
"""The client that the ratios in the tables are taken to, and whose double is the A/A pair."""

NOISE = 0.2
"""Two figures closer than this are not told apart."""

Row = dict[str, Any]
Judge = Callable[[Figures], Sequence[Judged]]


def result(outcome: Outcome, judged: Sequence[Judged], holdfast: str, share: float = 1.0) -> dict[str, Any]:
    """Everything the run found out, as it is kept in a file; names no host and no path."""
    records = outcome.records
    rows = [_row(group) for group in _groups(records)]
    return {
        "python": platform.python_version(),
        "machine": platform.machine(),
        "cores": os.cpu_count(),
        "versions": {"holdfast": holdfast, **environments.versions()},
        "filesystem": disk.filesystem(),
        "repetitions": 1 + max((record.repetition for record in records), default=0),
        "share": share,
        "calibration_us": _calibration(records),
        "again": again(rows),
        "targets": [_judged(one) for one in judged],
        "void": _listed(outcome.void),
        "absent": _listed(outcome.absent),
        "rows": rows,
    }


def joined(kept: dict[str, Any], found: dict[str, Any], judge: Judge) -> dict[str, Any]:
    """The kept run with these cases measured anew: who is compared is so within one run, case by case."""
    cases = {row["case"] for row in (*found["rows"], *found["void"], *found["absent"])}
    both = {
        name: [one for one in kept[name] if one["case"] not in cases] + found[name]
        for name in ("rows", "void", "absent")
    }
    judged = [_judged(one) for one in judge(figures(both["rows"]))]
    versions = kept["versions"] | found["versions"]
    return kept | both | {"versions": versions, "targets": judged, "again": again(both["rows"])}


def figures(rows: Iterable[Row]) -> dict[tuple[str, str], float]:
    """The median of each row, by case and client; what else was seen under `case.name` of it."""
    found = {}
    for row in rows:
        found[row["case"], row["client"]] = row["figure"]
        found |= {(f"{row['case']}.{name}", row["client"]): value for name, value in row["more"].items()}
    return found


def medians(records: Iterable[Record]) -> dict[tuple[str, str], float]:
    """The same from records."""
    return figures(map(_row, _groups(records)))


def again(rows: Iterable[Row]) -> dict[str, float]:
    """What the A/A pair differs by, case by case."""
    seen = figures(rows)
    return {
        case: round(seen[case, AGAIN] / seen[case, BASE], 3)
        for case in BY_NAME
        if (case, AGAIN) in seen and (case, BASE) in seen
    }


def _calibration(records: Iterable[Record]) -> dict[str, float]:
    steps = [record.calibration_us for record in records if record.calibration_us] or [0.0]
    return {
        "median": round(median(steps), 4),
        "lowest": round(min(steps), 4),
        "highest": round(max(steps), 4),
    }


def _groups(records: Iterable[Record]) -> list[list[Record]]:
    groups: dict[tuple[str, str], list[Record]] = {}
    for record in records:
        groups.setdefault((record.case, record.client), []).append(record)
    return list(groups.values())


def _row(group: list[Record]) -> Row:
    runs = [round(record.figure, 3) for record in group]
    steps = [record.figure / record.calibration_us for record in group if record.calibration_us]
    return {
        "case": group[0].case,
        "client": group[0].client,
        "figure": round(median(runs), 3),
        "runs": runs,
        "steps": round(median(steps)) if steps and "cpu_us" in group[0].more else None,
        "more": {name: round(median(record.more[name] for record in group), 3) for name in group[0].more},
        "how": group[0].how,
    }


def _judged(one: Judged) -> dict[str, Any]:
    reached = None if one.reached is None else round(one.reached, 3)
    limit = None if one.limit is None else round(one.limit, 3)
    return {"what": one.target.what, "reached": reached, "limit": limit, "kept": one.kept}


def _listed(told: dict[tuple[str, str], str]) -> list[dict[str, str]]:
    return [{"case": case, "client": client, "why": why} for (case, client), why in sorted(told.items())]
