"""The machine that the client runs on: it is switched off and on again, and its clocks lie (contract 27).

The steady clock counts from each start and sleeps with nobody. The wall clock may show anything: a day
too much or too little, or, without a battery, seconds since 1970. A row that is called too old must have
lived as long, those seconds counted that a wall clock pretended while it alone could tell: between the
last commit before a restart of the machine and the start, and as long as one that lags may be set.
"""

from __future__ import annotations

from math import inf
from random import Random
from typing import Literal

from holdfast.outbox.timeline import SUSPECT_S
from holdfast.testing.simulator.paths import Paths
from holdfast.testing.simulator.schedule import Schedule

DAY_S = 86_400.0
WALL_S = 1_700_000_000.0

Set = Literal["a day ahead", "a day behind", "right"]


class Machine:
    """A ``holdfast.clock.Clock``.

    ``pretended_s``: how much time was only pretended so far. ``sure``: whether all that really passed was
    counted, too; where the wall clock was set back nobody can.
    """

    def __init__(self, schedule: Schedule, paths: Paths) -> None:
        self._schedule = schedule
        self._paths = paths
        self._started = schedule.now - 1_000.0
        self._boots = 1
        self._error_s = self._ahead_s = 0.0
        self._doubtful_until = 0.0
        self._written = self._found = 0.0
        self.pretended_s = 0.0
        self.sure = True

    def now(self) -> float:
        """Seconds since the machine was started."""
        return self._schedule.now - self._started

    def wall(self) -> float:
        """What the wall clock shows."""
        return self._schedule.now + WALL_S + self._error_s

    def boot(self) -> str:
        """This run of the machine."""
        return f"run {self._boots}"

    def moment(self, now: float) -> float:
        """A moment of the steady clock, in the time of the world."""
        return now + self._started

    def start(self, rng: Random) -> None:
        """It was switched off, and is on again; the wall clock went on by a battery, or is no good."""
        self._started = self._schedule.now
        self._boots += 1
        self._doubtful_until = self._schedule.now + SUSPECT_S
        self.pretended_s += self._ahead_s
        how = rng.choice(("battery", "battery", "1970", "off"))
        if how == "1970":
            self._paths["started in 1970"] += 1
            self._show(-WALL_S - self._schedule.now)
        elif how == "off":
            self._show(self._error_s + rng.choice((-DAY_S, DAY_S)))
        self._found = self._written if self.wall() < self._written else 0.0

    def committed(self) -> None:
        """What both clocks show is written down."""
        self._ahead_s = 0.0
        self._written = self.wall()

    def perhaps_committed(self) -> None:
        """It is written down, or not: the machine went off meanwhile."""
        self._written = min(self._written, self.wall())

    def behind(self) -> bool:
        """Whether the wall clock has shown less than was written down since the machine was started."""
        return self._schedule.now < self._doubtful_until and self.wall() < self._found

    def forgot(self) -> None:
        """What was written down is lost, nobody knows since when."""
        self.pretended_s += 100 * DAY_S
        self._written = self._found = -inf

    def set_clock(self, how: Set) -> None:
        """Somebody sets the wall clock, or a time server does."""
        self._paths[f"the wall clock is set: {how}"] += 1
        self._show({"a day ahead": DAY_S, "a day behind": -DAY_S, "right": 0.0}[how])

    def _show(self, error_s: float) -> None:
        jump_s, self._error_s = error_s - self._error_s, error_s
        if self.wall() >= self._found:  # it has been right once
            self._found = -inf
        if jump_s < 0:
            self.sure = False
        elif self._schedule.now < self._doubtful_until:
            self.pretended_s += jump_s
        else:
            self._ahead_s += jump_s
