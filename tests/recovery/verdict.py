"""What the measured seconds come to, and whether they keep the promise (contract 19 and 30)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from tests.recovery.fault import ATTEMPT_S, Fault
from tests.recovery.run import KEEPALIVE_S, Run

NOTICED_S = 1.5 * KEEPALIVE_S


@dataclass(frozen=True)
class Row:
    """One fault in the table; seconds. ``attempt_s``: the shortest and the longest that nobody answered."""

    fault: str
    runs: int
    p50_s: float
    p95_s: float
    max_s: float
    limit_s: float
    noticed_s: float | None
    attempt_s: tuple[float, float] | None
    accepted_s: tuple[float, float]
    synced_s: tuple[float, float]
    messages: int
    counts: dict[str, int]

    def broken(self, late_s: float) -> list[str]:
        """The promises that were not kept, each with its figure; ``late_s`` is forgiven to timers."""
        accept_p50, accept_p99 = self.accepted_s
        sync_p50, sync_p99 = self.synced_s
        checks = {
            f"back in {self.p95_s:.3f} s": self.p95_s <= self.limit_s,
            f"noticed in {self.noticed_s} s": (self.noticed_s or 0) <= NOTICED_S + late_s,
            f"attempts of {self.attempt_s} s": _keeps(self.attempt_s, late_s),
            f"accepted in {self.accepted_s} s at p50": accept_p50 <= sync_p50 + 0.001 + late_s,
            f"accepted in {self.accepted_s} s at p99": accept_p99 <= 3 * sync_p99 + 0.005 + late_s,
            f"{self.counts}": not any(self.counts.values()),
        }
        return [f"{self.fault}: {words}" for words, kept in checks.items() if not kept]


def _keeps(attempt_s: tuple[float, float] | None, late_s: float) -> bool:
    """Within 10 % of their limit."""
    if attempt_s is None:
        return True
    return attempt_s[0] >= 0.9 * ATTEMPT_S and attempt_s[1] <= 1.1 * ATTEMPT_S + late_s


def row(kind: type[Fault], run: Run) -> Row:
    """All runs of this fault."""
    silent = kind.limit_s > ATTEMPT_S
    return Row(
        fault=kind.words,
        runs=len(run.recovered_s),
        p50_s=at(run.recovered_s, 0.5),
        p95_s=at(run.recovered_s, 0.95),
        max_s=max(run.recovered_s),
        limit_s=kind.limit_s,
        noticed_s=max(run.noticed_s) if kind.silent else None,
        attempt_s=(min(run.attempts_s), max(run.attempts_s)) if silent else None,
        accepted_s=(at(run.accepted_s, 0.5), at(run.accepted_s, 0.99)),
        synced_s=(at(run.synced_s, 0.5), at(run.synced_s, 0.99)),
        messages=run.messages,
        counts={
            name: getattr(run, name) for name in ("lost", "reordered", "unmarked", "early", "violations")
        },
    )


def at(values: Sequence[float], share: float) -> float:
    """The smallest value that this share does not exceed."""
    return sorted(values)[ceil(share * len(values)) - 1]
