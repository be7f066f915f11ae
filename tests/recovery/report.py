"""`make chaos` ends here: what it measured is kept, told in docs/recovery.md, and drawn.

python -m tests.recovery.report FOLDER
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.recovery import drawing
from tests.recovery.faults import ISOLATED, PROMPT, SILENT
from tests.recovery.outage import Outage
from tests.recovery.verdict import Row

ROOT = Path(__file__).resolve().parents[2]
KEPT = ROOT / "benchmarks/results/recovery.json"
PAGE = ROOT / "docs/recovery.md"
PICTURES = {"outage": ROOT / "docs/pictures/recovery.svg", "herd": ROOT / "docs/pictures/herd.svg"}

BEGIN, END = "<!-- figures: make chaos -->", "<!-- end of figures -->"
ORDER = [kind.__name__ for kind in (*PROMPT, *ISOLATED, *SILENT)]


def gathered(folder: Path) -> dict[str, Any]:
    """All measurements in it, by their names."""
    return {path.stem: json.loads(path.read_text("utf-8")) for path in sorted(folder.glob("*.json"))}


def kept() -> dict[str, Any]:
    """Those that the documents quote."""
    found: dict[str, Any] = json.loads(KEPT.read_text("utf-8"))
    return found


def pictures(found: dict[str, Any]) -> dict[Path, str]:
    """What is drawn of them, and where."""
    return {
        PICTURES["outage"]: drawing.outage(Outage(**found["outage"])),
        PICTURES["herd"]: drawing.herd(**found["herd"]),
    }


def quoted(page: str, found: dict[str, Any]) -> str:
    """The page with the table of these."""
    before, _, rest = page.partition(BEGIN)
    return f"{before}{BEGIN}\n\n{table(found)}\n\n{END}{rest.partition(END)[2]}"


def table(found: dict[str, Any]) -> str:
    """A line for each fault."""
    rows = [Row(**found[name]) for name in ORDER if name in found]
    head = [
        "fault",
        "outages",
        "p50",
        "p95",
        "longest",
        "promised",
        "noticed",
        "accepting, p50 / p99",
        "one fsync, p50 / p99",
    ]
    lines = [head, ["---"] * len(head), *(_cells(row) for row in rows)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _cells(row: Row) -> list[str]:
    seconds = [f"{one:.2f} s" for one in (row.p50_s, row.p95_s, row.max_s)]
    noticed = f"{row.noticed_s:.2f} s" if row.noticed_s is not None else "at once"
    accepting = [_ms(row.accepted_s), _ms(row.synced_s)]
    return [row.fault, str(row.runs), *seconds, f"{row.limit_s:g} s", noticed, *accepting]


def _ms(pair: Sequence[float]) -> str:
    return " / ".join(f"{one * 1e3:.1f}" for one in pair) + " ms"


def main(folder: Path) -> None:
    """Keep, quote, draw."""
    found = gathered(folder)
    lines = [f"{json.dumps(name)}: {json.dumps(measured)}" for name, measured in found.items()]
    KEPT.write_text("{\n" + ",\n".join(lines) + "\n}\n", "utf-8")
    PAGE.write_text(quoted(PAGE.read_text("utf-8"), found), "utf-8")
    for path, drawn in pictures(found).items():
        path.write_text(drawn, "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
