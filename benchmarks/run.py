"""Holdfast and its peers, side by side in one run.

    python benchmarks/run.py [--case NAME ...] [--client NAME ...] [--repetitions N]
                             [--save FILE [--add]] [--plot FILE]
    python benchmarks/run.py --gate

Exits with 1 when Holdfast fails or delivers another number of messages than were sent, and with 2 when
`--gate` finds more than half as much again as the kept run reached.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks import chart, quoted, report, targets  # noqa: E402  the checkout is no installed package
from benchmarks.cases import BY_NAME  # noqa: E402
from benchmarks.contestants import CONTESTANTS, NAMES, prepare  # noqa: E402
from benchmarks.page import page, verdict  # noqa: E402
from benchmarks.plan import OursFailed, Outcome, Plan, run  # noqa: E402

REPETITIONS, GATE_REPETITIONS = 5, 3
GATE_SHARE = 0.5
"""Of the messages of a case, in the gate: it tells a doubled cost, and is to be over soon."""


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="CPU per message, side by side in one run")
    parser.add_argument(
        "--gate", action="store_true", help="only the targets' rows; exit with 2 when one is lost"
    )
    parser.add_argument("--client", nargs="+", choices=NAMES, help="only these")
    parser.add_argument("--case", nargs="+", choices=BY_NAME, help="only these")
    parser.add_argument(
        "--repetitions", type=int, help=f"instead of {REPETITIONS}, {GATE_REPETITIONS} in the gate"
    )
    parser.add_argument("--share", type=float, help="of each case's messages")
    parser.add_argument("--save", type=Path, help="where the result is kept")
    parser.add_argument("--add", action="store_true", help="to what is in the file: only these cases anew")
    parser.add_argument("--plot", type=Path, help="where the picture is drawn")
    chosen = parser.parse_args()
    if chosen.add and not chosen.save:
        parser.error("--add without --save: to which run?")
    return chosen


def planned(chosen: argparse.Namespace) -> Plan:
    cases = chosen.case or (targets.GATED if chosen.gate else BY_NAME)
    pairs = {(case, client) for case in cases for client in targets.wanted(case)} if chosen.gate else None
    clients = {client for _, client in pairs} if pairs else set(NAMES)
    return Plan(
        [one for one in CONTESTANTS if one.name in (set(chosen.client or NAMES) & clients)],
        [BY_NAME[name] for name in cases],
        chosen.repetitions or (GATE_REPETITIONS if chosen.gate else REPETITIONS),
        chosen.share or (GATE_SHARE if chosen.gate else 1.0),
        pairs,
    )


def our_version() -> str:
    text = (ROOT / "src/holdfast/__init__.py").read_text("utf-8")
    return next(line.split('"')[1] for line in text.splitlines() if line.startswith("__version__"))


def kept() -> dict[tuple[str, str], float]:
    """What the kept run reached; nothing where there is none."""
    return report.figures(quoted.kept()["rows"]) if quoted.KEPT.exists() else {}


def gated(plan: Plan, missing: dict[str, str]) -> tuple[Outcome, list[targets.Judged]]:
    """What breaks the gate is measured once more, twice as often: a neighbour's load passes, a cost stays."""
    outcome = run(plan, missing)
    judged = targets.gate(report.medians(outcome.records), kept())
    broken = {one.target.case for one in judged if one.kept is False}
    if broken:
        print(f"measured again: {', '.join(sorted(broken))}", file=sys.stderr)
        cases = [case for case in plan.cases if case.name in broken]
        second = run(plan._replace(cases=cases, repetitions=2 * plan.repetitions), missing)
        records = [one for one in outcome.records if one.case not in broken] + second.records
        outcome = Outcome(records, outcome.void | second.void, outcome.absent | second.absent)
        judged = targets.gate(report.medians(records), kept())
    return outcome, judged


def saved(found: dict[str, Any], path: Path) -> None:
    """A row is a line, so that a diff of two runs can be read."""
    path.parent.mkdir(parents=True, exist_ok=True)
    parts = []
    for name, value in found.items():
        if isinstance(value, list):
            lines = ",\n".join(f"  {json.dumps(one, ensure_ascii=False)}" for one in value)
            parts.append(f'"{name}": [\n{lines}\n ]')
        else:
            parts.append(f'"{name}": {json.dumps(value, ensure_ascii=False)}')
    path.write_text("{\n " + ",\n ".join(parts) + "\n}\n", "utf-8")


def main() -> int:
    chosen = options()
    plan = planned(chosen)
    missing = prepare(plan.contestants)
    try:
        if chosen.gate:
            outcome, judged = gated(plan, missing)
        else:
            outcome = run(plan, missing)
            judged = targets.judge(report.medians(outcome.records))
    except OursFailed as failure:
        print(f"void: {failure}", file=sys.stderr)
        return 1
    found = report.result(outcome, judged, our_version(), plan.share)
    print("\n".join(map(verdict, found["targets"])) if chosen.gate else page(found))
    for name, why in missing.items():
        print(f"NOT MEASURED: {name}: {why}")
    if chosen.add:
        found = report.joined(quoted.read(chosen.save), found, targets.judge)
    if chosen.save:
        saved(found, chosen.save)
    if chosen.plot:
        chart.save(found, chosen.plot)
    return 2 if chosen.gate and any(one.kept is False for one in judged) else 0


if __name__ == "__main__":
    sys.exit(main())
