"""What is broken when: pure, the same for the same seed.

The run is cut into six parts of equal length. Nothing happens in the first quarter of the first;
each other part begins with a fault that is over before the part ends, so that every recovery is seen
by itself. The broker's kill comes last, because what it forgets then cannot be helped by what follows.

=========  ===========================================================================
cut        both sides of every connection get a TCP reset; the broker never stops
restart    SIGTERM, a pause, start again: the broker saves its sessions
freeze     SIGSTOP: the socket stays open and nobody answers
gateways   SIGSTOP to the broker until readings wait in the outboxes, then SIGKILL to
           the gateways' process, and both go on: part of what is on disk is in flight
kill -9    SIGKILL, a pause, start again: the broker loses what it had not saved
=========  ===========================================================================
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Literal

Kind = Literal["cut", "restart", "freeze", "gateways", "kill -9"]

ORDER: tuple[Kind, ...] = ("cut", "restart", "freeze", "gateways", "kill -9")

KEEPALIVE_S = 2
"""Of every client here: a frozen broker is noticed within 3 s."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault: when it begins, and how long the broker is away (0: not at all)."""

    kind: Kind
    at_s: float
    away_s: float


def plan(seconds: float, seed: int) -> list[Fault]:
    """The faults of a run that sends for so long."""
    chance = Random(seed)
    part = seconds / (len(ORDER) + 1)
    faults = []
    for index, kind in enumerate(ORDER):
        begin = part * (index + 0.6) + chance.uniform(0, 0.15) * part
        faults.append(Fault(kind, round(begin, 2), _away_s(kind, part, chance)))
    return faults


def _away_s(kind: Kind, part: float, chance: Random) -> float:
    longest = 0.7 * part
    shortest, spread = _AWAY_S[kind]
    return round(min(longest, shortest + chance.uniform(0, spread)) if spread else 0.0, 2)


_AWAY_S: dict[Kind, tuple[float, float]] = {
    "cut": (0.0, 0.0),
    "restart": (0.5, 1.0),
    "freeze": (1.5 * KEEPALIVE_S + 0.5, 0.5),
    "gateways": (0.8, 0.7),
    "kill -9": (0.5, 1.5),
}
