"""What must hold between clients in one run: the targets, and the gate that is made from the kept run.

A target is what the project has set out to reach; `make bench` prints whether it is kept. The gate is what
must not be lost again: the same rows, each with half as much again as the kept run reached, so that noise
does not break it and a doubled cost does.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

from benchmarks.cases import BY_NAME

OURS = "holdfast"
PLAIN = "holdfast (no coalescing)"
ISOLATED = "holdfast (isolated)"
BLOCKING = "holdfast (blocking)"
LIBMOSQUITTO = "libmosquitto"
ALPHA = "aiomqtt 3 alpha"

BEST = ("gmqtt", "mqttium", ALPHA)
"""The quickest of the Python clients is among these; C is named where it is meant."""

SLACK = 1.5
"""Half as much again: noise stays below it, a doubled cost does not."""

CROWDED = 1.9
"""For three processes on two cores: their shares differ from run to run. Still below doubled."""

Figures = Mapping[tuple[str, str], float]
"""Median by case and client."""


class Target(NamedTuple):
    """The figure of `holdfast` against the lowest of `peers` in the same run."""

    case: str
    peers: tuple[str, ...]
    most: float
    how: Literal["times", "more"] = "times"
    """`times`: ours is at most so many times theirs; `more`: at most so much above it."""
    slack: float = SLACK
    """How much of what was reached the gate allows."""

    @property
    def what(self) -> str:
        peer = self.peers[0] if len(self.peers) == 1 else "the best other"
        return f"{self.case}: {OURS} / {peer}" if self.how == "times" else f"{self.case}: {OURS} - {peer}"


TARGETS = (
    Target("publish-qos1-bulk", ("gmqtt",), 0.2),
    Target("publish-qos1-bulk", (LIBMOSQUITTO,), 1.0),
    Target("publish-qos1-awaited", ("gmqtt",), 0.4),
    Target("publish-qos2-bulk", ("gmqtt",), 0.25),
    Target("receive-qos0", ("gmqtt",), 0.6),
    Target("receive-qos1", (ALPHA,), 0.6),
    Target("receive-qos1", (LIBMOSQUITTO,), 1.0),
    Target("receive-qos1-mosquitto", BEST, 0.45, slack=CROWDED),
    Target("trip-500", (*BEST, "paho"), 1.0),
    # "Not worse" of two rows of the same client: within what an A/A pair differs by.
    Target("trip-20", (PLAIN,), 1.1),
    Target("import", ("python",), 25.0, "more"),
    Target("idle", ("gmqtt",), 4.0, "more"),
)

GATED = tuple(dict.fromkeys(target.case for target in TARGETS))
"""The cases of the gate, in the order of the targets."""


class Judged(NamedTuple):
    """A target and what the run says of it; `reached` None: one side was not measured."""

    target: Target
    reached: float | None
    limit: float | None

    @property
    def kept(self) -> bool | None:
        if self.reached is None or self.limit is None:
            return None
        return self.reached <= self.limit


def wanted(case: str) -> set[str]:
    """The clients whose figure a target of this case compares."""
    return {OURS} | {peer for target in TARGETS if target.case == case for peer in target.peers}


def reached(target: Target, figures: Figures) -> float | None:
    """Ours against the lowest of the peers that were measured."""
    theirs = [figures[target.case, peer] for peer in target.peers if (target.case, peer) in figures]
    ours = figures.get((target.case, OURS))
    if ours is None or not theirs:
        return None
    return ours / min(theirs) if target.how == "times" else ours - min(theirs)


def judge(figures: Figures) -> list[Judged]:
    """The run against the targets."""
    return [Judged(target, reached(target, figures), target.most) for target in TARGETS]


def gate(figures: Figures, kept: Figures) -> list[Judged]:
    """The run against what the kept run reached."""
    return [Judged(target, reached(target, figures), _limit(target, kept)) for target in TARGETS]


def _limit(target: Target, kept: Figures) -> float | None:
    """A difference may be small or below zero; then the target itself, where that is more, is the limit."""
    before = reached(target, kept)
    if before is None:
        return None
    allowed = target.slack * before
    return allowed if target.how == "times" else max(allowed, target.most)


assert set(GATED) <= set(BY_NAME)
