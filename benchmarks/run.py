"""CPU per message of Holdfast and its peers, side by side in one run.

    python benchmarks/run.py [--quick] [--gate] [--client NAME ...] [--case NAME ...] [--save FILE]

Exits with 1 when a client fails or delivers another number of messages than were sent, with 2 when `--gate`
is given and a budget is broken or could not be measured.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks import report  # noqa: E402  the checkout is no installed package
from benchmarks.cases import BY_NAME, QUICK, Case  # noqa: E402
from benchmarks.contestants import CONTESTANTS, Contestant, prepare  # noqa: E402
from benchmarks.measure import AckServer, Failed, Record, measure  # noqa: E402

RESULTS = ROOT / "benchmarks/results"
MESSAGES, QUICK_MESSAGES = 50_000, 20_000
REPETITIONS, QUICK_REPETITIONS = 7, 5


class Plan(NamedTuple):
    contestants: list[Contestant]
    cases: list[Case]
    messages: int
    payload_bytes: int
    repetitions: int


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="CPU per message, side by side in one run")
    parser.add_argument("--quick", action="store_true", help="fewer and shorter: under two minutes")
    parser.add_argument("--gate", action="store_true", help="exit with 2 when a budget is broken")
    parser.add_argument("--client", nargs="+", choices=[one.name for one in CONTESTANTS], help="only these")
    parser.add_argument("--case", nargs="+", choices=BY_NAME, help="only these")
    parser.add_argument("--payload-bytes", type=int, default=64)
    parser.add_argument("--save", type=Path, default=RESULTS / "last.json", help="where the result is kept")
    return parser.parse_args()


def planned(chosen: argparse.Namespace) -> Plan:
    names = chosen.case or (QUICK if chosen.quick else BY_NAME)
    return Plan(
        [one for one in CONTESTANTS if not chosen.client or one.name in chosen.client],
        [BY_NAME[name] for name in names],
        QUICK_MESSAGES if chosen.quick else MESSAGES,
        chosen.payload_bytes,
        QUICK_REPETITIONS if chosen.quick else REPETITIONS,
    )


def run(plan: Plan) -> list[Record]:
    """Repetitions outermost, and each begins with another client, so that noise hits all alike."""
    records = []
    with AckServer() as server:
        for repetition in range(plan.repetitions):
            first = repetition % len(plan.contestants)
            for case in plan.cases:
                for one in plan.contestants[first:] + plan.contestants[:first]:
                    if one.takes_part(case):
                        records.append(
                            measure(server, one, case, plan.messages, plan.payload_bytes, repetition)
                        )
            print(f"repetition {repetition + 1} of {plan.repetitions}", file=sys.stderr, flush=True)
    order = {one.name: place for place, one in enumerate(plan.contestants)}
    return sorted(records, key=lambda record: order[record.client])


def our_version() -> str:
    text = (ROOT / "src/holdfast/__init__.py").read_text("utf-8")
    return next(line.split('"')[1] for line in text.splitlines() if line.startswith("__version__"))


def main() -> int:
    chosen = options()
    plan = planned(chosen)
    prepare(plan.contestants)
    try:
        found = report.result(run(plan), plan.messages, plan.payload_bytes, our_version())
    except Failed as failure:
        print(f"void: {failure}", file=sys.stderr)
        return 1
    print(report.page(found))
    chosen.save.parent.mkdir(parents=True, exist_ok=True)
    chosen.save.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", "utf-8")
    judged = [budget["kept"] for budget in found["budgets"]]
    return 2 if chosen.gate and not all(judged) else 0


if __name__ == "__main__":
    sys.exit(main())
