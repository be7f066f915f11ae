"""A run: who is measured in what, how often, and in which order."""

from __future__ import annotations

import sys
from typing import NamedTuple

from benchmarks.cases import Case
from benchmarks.contestants import Contestant
from benchmarks.measure import Record, measure
from benchmarks.servers import Failed, Servers, Unavailable


class Plan(NamedTuple):
    contestants: list[Contestant]
    cases: list[Case]
    repetitions: int
    share: float = 1.0
    """Of each case's messages; under 1 for a quick look."""
    pairs: set[tuple[str, str]] | None = None
    """Only these cases and clients; None: whoever takes part."""

    def messages(self, case: Case, one: Contestant) -> int:
        """Round trips are few already, and each waits for its time."""
        return min(one.most, case.messages if case.per_s else int(case.messages * self.share))


class Outcome(NamedTuple):
    """What came of a plan; every case and client is in one of the three, or nobody expected it."""

    records: list[Record]
    void: dict[tuple[str, str], str]
    """Peers that lost messages, crashed or hung, and how."""
    absent: dict[tuple[str, str], str]
    """Not measured, and why."""


class OursFailed(Exception):
    """Holdfast lost a message, crashed or hung: there is no result."""


def run(plan: Plan, missing: dict[str, str]) -> Outcome:
    """Repetitions outermost, and each begins with another client, so that noise hits all alike.

    `missing`: contestants whose environment could not be made, and why. Raises OursFailed.
    """
    outcome = Outcome([], {}, {})
    with Servers() as servers:
        for repetition in range(plan.repetitions):
            first = repetition % len(plan.contestants)
            for case in plan.cases:
                for one in plan.contestants[first:] + plan.contestants[:first]:
                    if _takes_part(plan, one, case, repetition, missing, outcome):
                        _measure(servers, plan, one, case, repetition, outcome)
                _say(f"\r{repetition + 1} of {plan.repetitions}: {case.name:<40}")
    _say("\n")
    order = {one.name: place for place, one in enumerate(plan.contestants)}
    outcome.records.sort(key=lambda record: order[record.client])
    return outcome


def _takes_part(
    plan: Plan,
    one: Contestant,
    case: Case,
    repetition: int,
    missing: dict[str, str],
    outcome: Outcome,
) -> bool:
    pair = (case.name, one.name)
    if plan.pairs is not None and pair not in plan.pairs:
        return False
    reason = one.absent(case)
    if reason is None:
        reason = missing.get(one.name)
    if reason:
        outcome.absent[pair] = reason
    known = pair in outcome.void or pair in outcome.absent
    return reason is None and not known and repetition < min(one.repetitions, case.repetitions)


def _measure(
    servers: Servers, plan: Plan, one: Contestant, case: Case, repetition: int, outcome: Outcome
) -> None:
    pair = (case.name, one.name)
    try:
        outcome.records.append(measure(servers, one, case, plan.messages(case, one), repetition))
    except Unavailable as reason:
        outcome.absent[pair] = str(reason)
    except Failed as failure:
        servers.renew(case.server)
        if one.ours:
            raise OursFailed(f"{one.name}, {case.name}: {failure}") from failure
        outcome.void[pair] = str(failure)


def _say(text: str) -> None:
    print(text, end="", file=sys.stderr, flush=True)
