"""What is to be done when a worker's process has ended: pure.

A worker comes back however it died, as nobody takes over what its session holds (contract X5). It
comes back later and later while it dies young. What no new start can mend ends the whole command,
and so do workers of which none lives.
"""

from __future__ import annotations

from collections.abc import Iterable

from holdfast.cli.failures import Code
from holdfast.resilience.backoff import Backoff, Reconnect, Uniform

STABLE_S = 10.0
"""Who lived so long has not died young."""

HOPELESS = 8
"""So many young deaths in a row, of every worker, and the command ends."""

POLICY = Reconnect(first_delay_s=0.5, max_delay_s=15)

FINAL = frozenset({Code.USAGE, Code.UNAVAILABLE, Code.CONFIG})
"""The next process would be told the same; 69 is what --reconnect-max-attempts asks for."""


class Life:
    """One slot: a process, and the next in its place. Times are seconds on one clock, ``uniform`` draws.

    ``retiring``: the slot is not wanted any more; its process gives it up. ``code``: how the last process
    ended, as an exit code. ``final``: no process can do better. ``starts``: processes so far.
    """

    def __init__(self, number: int, retiring: bool, uniform: Uniform) -> None:
        self.number = number
        self.retiring = retiring
        self.code = 0
        self.final = False
        self.starts = 0
        self._began: float | None = None
        self._backoff = Backoff(POLICY, uniform)

    @property
    def retired(self) -> bool:
        """Whether the slot is given up, and its file is of no use any more."""
        return self.retiring and self.starts > 0 and self._began is None and self.code == 0

    def begun(self, now: float) -> None:
        """A process begins."""
        self.starts += 1
        self._began = now

    def ended(self, returned: int, now: float) -> float | None:
        """It ended, by signal -returned if that is below 0; the wait before the next; None: there is none."""
        self.young_deaths(now)
        self._began = None
        self.code = exit_code(returned)
        self.final = self.code in FINAL
        return None if self.final or self.retired else self._backoff.failed()

    @property
    def row(self) -> str:
        """For the sentence about an end that is one of many."""
        deaths = self._backoff.failures
        return f" ({deaths} times in a row)" if deaths > 1 else ""

    def young_deaths(self, now: float) -> int:
        """In a row; none once a process has lived long."""
        if self._began is not None and now - self._began >= STABLE_S:
            self._backoff.reset()
        return self._backoff.failures


def exit_code(returned: int) -> int:
    """As a shell tells it."""
    return 128 - returned if returned < 0 else returned


def killed(returned: int) -> bool:
    """Whether a signal ended it; a second one, too, which it obeys by ending at once (contract 24)."""
    return exit_code(returned) > 128


def how(returned: int) -> str:
    """How a process ended, for a sentence."""
    return f"was killed by signal {-returned}" if returned < 0 else f"ended with exit code {returned}"


def hopeless(lives: Iterable[Life], now: float) -> bool:
    """Whether every one of these that has work to do goes on dying young."""
    return all(life.retired or life.young_deaths(now) >= HOPELESS for life in lives)


def worst(lives: Iterable[Life]) -> int:
    """The exit code of all: the highest; what ended well, ended with 0."""
    return max((life.code for life in lives), default=0)
