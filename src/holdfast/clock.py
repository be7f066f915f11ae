"""Time as an argument: the port that floors above fill in, and tests wind by hand."""

from __future__ import annotations

from typing import Protocol


class Clock(Protocol):
    """A source of time."""

    def now(self) -> float:
        """Seconds that never jump back; counts suspend where the platform can (contract 27)."""

    def wall(self) -> float:
        """Seconds since 1970-01-01 UTC, for display and for what others must understand."""

    def boot(self) -> str | None:
        """The run of the machine in which ``now`` counts, by name; None where that is not known."""
