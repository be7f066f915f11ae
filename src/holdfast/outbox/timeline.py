"""Outbox time: the seconds of life of one file, which no jump of a clock can move (contract 27).

Between two commits of one run of the machine it is the steady clock that counts. Over a restart of
the machine only the wall clock can say how long it was off:

===================================  ==========================================================
found at opening                     outbox time goes on
===================================  ==========================================================
the machine has not started again    exactly: the steady clock has counted all the while
it has, and the wall clock is ahead  from the last commit, by what the wall clock has advanced
of that of the last commit
it has, and the wall clock is behind from the last commit; the wall clock is *suspect*
===================================  ==========================================================

A suspect clock is one that nobody has set yet, as on a machine that begins in 1970. While it is
suspect nothing may expire. When it has passed what it showed at the last commit, it tells how
long the machine was off after all; after ten minutes nobody waits for that any more. Where it
was not set at the last commit either, it cannot tell. In a running process a jump of the wall clock
moves nothing.
"""

from __future__ import annotations

from holdfast.clock import Clock

SUSPECT_S = 600.0

SET = 1_000_000_000.0
"""A wall clock that shows less, a time before 2002, was never set."""


class Timeline:
    """Outbox time in this process; any thread may ask, ``begin`` and ``move`` are its owner's.

    ``ahead`` is outbox time minus the clock of the session.
    """

    __slots__ = ("_began", "_suspect", "_wall", "ahead", "clock")

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.ahead = self._began = self._wall = 0.0
        self._suspect = False

    def begin(self, at: float, wall: float, boot: str | None = None, boot_ahead: float = 0.0) -> None:
        """Go on from a commit at outbox time ``at``, when the wall clock showed ``wall``.

        ``boot_ahead`` was ``ahead`` in the run of the machine called ``boot``.
        """
        now = self.clock.now()
        self._began, self._wall = now, wall
        same = boot is not None and boot == self.clock.boot()
        self._suspect = self.clock.wall() < wall and not same
        self.ahead = max(boot_ahead, at - now) if same else at + self._off() - now

    def _off(self) -> float:
        """For how long the machine was off, if the wall clock is right."""
        passed = self.clock.now() - self._began
        return max(0.0, self.clock.wall() - self._wall - passed) if self._wall >= SET else 0.0

    def now(self) -> float:
        """Outbox time."""
        return self.clock.now() + self.ahead

    def wall(self) -> float:
        """What the wall clock shows, but never less than it must by now, if it once was right.

        A clock that was never set would else be taken for a right one at the next start: then the
        whole time since 1970 would seem to have passed in between.
        """
        return max(self.clock.wall(), self._wall + self.clock.now() - self._began)

    @property
    def suspect(self) -> bool:
        """Whether nothing may expire, because the wall clock may be wrong."""
        return self._suspect and self.clock.now() - self._began < SUSPECT_S

    @property
    def slept(self) -> float | None:
        """How long the machine was off, where a suspect clock has just been set; else None."""
        return self._off() if self.suspect and self.clock.wall() >= self._wall else None

    def move(self, slept: float) -> None:
        """Count the time that the machine was off; the clock is suspect no more."""
        self.ahead += slept
        self._suspect = False

    @property
    def boot(self) -> str | None:
        """The run of the machine in which ``ahead`` holds; None: it may yet be moved."""
        return None if self._suspect else self.clock.boot()
