"""What must hold in one run: the targets, and the gate that is made from the kept run.

A target is what the project has set out to reach; `make bench` prints whether it is kept. The gate is what
must not be lost again: the same rows, each with half as much again as the kept run reached, so that noise
does not break it and a doubled cost does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal, NamedTuple

from benchmarks.cases import AWAITED_AT_ONCE, BY_NAME, SLOWER_MS

OURS = "holdfast"
PLAIN = "holdfast (no coalescing)"
ISOLATED = "holdfast (isolated)"
BLOCKING = "holdfast (blocking)"
LIBMOSQUITTO = "libmosquitto"
ALPHA = "aiomqtt 3 alpha"
PAHO_LOOP = "paho (a loop)"
AIOMQTT_LOOP = "aiomqtt 2 (a loop)"
DISK = "disk"
"""No client: what one fdatasync takes."""

BEST = ("gmqtt", "mqttium", ALPHA)
"""The quickest of the Python clients is among these; C is named where it is meant."""

QUICKEST = (*BEST, LIBMOSQUITTO)
"""The quickest of all seven is among these."""

SLACK = 1.5
"""Half as much again: noise stays below it, a doubled cost does not."""

CROWDED = 1.9
"""For three processes on two cores: their shares differ from run to run. Still below doubled."""

Figures = Mapping[tuple[str, str], float]
"""Median by case and client; what else was seen in a case stands under `case.name` of it."""


class Target(NamedTuple):
    """The figure of `client` against the lowest of `peers` in the same run, or alone."""

    case: str
    peers: tuple[str, ...]
    most: float
    how: Literal["times", "more", "alone"] = "times"
    """`times`: ours is at most so many times theirs; `more`: at most so much above it; `alone`: no peers."""
    slack: float = SLACK
    """How much of what was reached the gate allows."""
    of: str = ""
    """Not the figure of our case but something else that was seen in it."""
    beside: str = ""
    """The case of the peers, where that is another one."""
    times: int = 1
    """So many of theirs are taken off, in `more`."""
    gated: bool = True
    """Whether the gate looks at it: it has little time."""
    client: str = OURS

    @property
    def ours(self) -> str:
        return f"{self.case}.{self.of}" if self.of else self.case

    @property
    def theirs(self) -> str:
        return self.beside or self.case

    @property
    def what(self) -> str:
        if self.how == "alone":
            return f"{self.ours}: {self.client}"
        peer = self.peers[0] if len(self.peers) == 1 else "the best other"
        peer += f" in {self.beside}" if self.beside else ""
        sign = "/" if self.how == "times" else "-" if self.times == 1 else f"- {self.times} x"
        return f"{self.ours}: {self.client} {sign} {peer}"


FASTER = 1.2
"""So many durable messages of ours are acknowledged in the time of one volatile message of the best peer."""


def _throughput(case: str, beside: str = "", *, gated: bool = False) -> Iterator[Target]:
    """On this disk and on a slower one: time per message, so the least is the best."""
    yield Target(case, QUICKEST, 1 / FASTER, slack=CROWDED, beside=beside, gated=gated)
    yield Target(f"{case}-{SLOWER_MS}ms", QUICKEST, 1 / FASTER, beside=beside or case, gated=False)


def _latency(case: str, syncs: int) -> Iterator[Target]:
    """Contract 30: ms beyond so many times what the disk takes by itself."""
    for name in (case, f"{case}-{SLOWER_MS}ms"):
        yield Target(name, (DISK,), 1.0, "more", times=syncs, gated=False)
        yield Target(name, (DISK,), 5.0, "more", of="p99_ms", times=3, gated=False)
        yield Target(name, (), 50.0, "alone", of="lag_p999_ms", gated=False)


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
    # What a thread for the link costs, and what a blocking call does.
    Target("publish-qos1-bulk", (OURS,), 1.4, client=ISOLATED, gated=False),
    Target("receive-qos1", (OURS,), 1.4, client=ISOLATED, gated=False),
    Target("publish-qos1-bulk", ("paho",), 0.3, client=BLOCKING, gated=False),
    Target("import", ("python",), 25.0, "more"),
    Target("idle", ("gmqtt",), 4.0, "more"),
    *_throughput("durable-publishers", gated=True),
    *_throughput("durable-many-500", gated=True),
    *_throughput("durable-many-100", "durable-many-500"),
    *_latency("accept-1", 1),
    *_latency(f"accept-{AWAITED_AT_ONCE}", 2),
    Target("backlog", (), 1e6 / 20_000, "alone", gated=False),
    Target("backlog", (), 2.0, "alone", of="reopen_s", gated=False),
    Target("backlog", (), 60.0, "alone", of="queued_mb", gated=False),
    Target("backlog", (DISK,), 1.0, "more", of="p50_ms", beside="accept-1", gated=False),
    Target("backlog", (DISK,), 5.0, "more", of="p99_ms", beside="accept-1", times=3, gated=False),
    Target("receipts", (), 200.0, "alone", gated=False),
    # Three times as many messages a second as the loop that a competent user writes.
    Target("ingest-sqlite", (PAHO_LOOP, AIOMQTT_LOOP), 1 / 3, gated=False),
    Target("ingest-postgres", (PAHO_LOOP, AIOMQTT_LOOP), 1 / 3, gated=False),
)

GATED = tuple(dict.fromkeys(target.case for target in TARGETS if target.gated))
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
    """The clients whose figure a target of the gate compares in this case."""
    gated = [target for target in TARGETS if target.gated and target.case == case]
    return {OURS} | {peer for target in gated for peer in target.peers}


def reached(target: Target, figures: Figures) -> float | None:
    """Ours against the lowest of the peers that were measured."""
    theirs = [figures[target.theirs, peer] for peer in target.peers if (target.theirs, peer) in figures]
    ours = figures.get((target.ours, target.client))
    if target.how == "alone":
        return ours
    if ours is None or not theirs:
        return None
    return ours / min(theirs) if target.how == "times" else ours - target.times * min(theirs)


def judge(figures: Figures) -> list[Judged]:
    """The run against the targets."""
    return [Judged(target, reached(target, figures), target.most) for target in TARGETS]


def gate(figures: Figures, kept: Figures) -> list[Judged]:
    """The run against what the kept run reached."""
    gated = [target for target in TARGETS if target.gated]
    return [Judged(target, reached(target, figures), _limit(target, kept)) for target in gated]


def _limit(target: Target, kept: Figures) -> float | None:
    """A difference may be small or below zero; then the target itself, where that is more, is the limit."""
    before = reached(target, kept)
    if before is None:
        return None
    allowed = target.slack * before
    return allowed if target.how == "times" else max(allowed, target.most)


assert set(GATED) <= set(BY_NAME)
