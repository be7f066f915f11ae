"""When a program stood still: what it was, and whether it cost a link.

cause     what stood still                                             what helps
loop      one event loop: code on it did not come back                 a thread for that code, or isolation
gil       every thread: code kept the interpreter to itself            another process for that code
process   every thread, and no CPU was used: stopped, or starved       the machine
"""

from __future__ import annotations

from typing import Literal

from holdfast.resilience.verdicts import Verdict
from holdfast.values import Frozen

Cause = Literal["loop", "gil", "process"]

SHARE = 0.5
"""Of a time limit: what stood still for so much of it had a part in missing it."""

LATE = frozenset({"closed", "closed_by_broker", "half_open", "keepalive", "network", "reset", "timeout"})
"""Causes of a verdict behind which our own silence may be."""


class Stall(Frozen):
    """It took ``blocked_s`` seconds, up to one more; ``where`` is the code, where that was seen."""

    __match_args__ = ("blocked_s", "cause", "where")
    __slots__ = __match_args__

    def __init__(self, blocked_s: float, cause: Cause, where: str | None = None) -> None:
        self.blocked_s = blocked_s
        self.cause: Cause = cause
        self.where = where

    @property
    def sentence(self) -> str:
        """What happened."""
        by = f" by {self.where}" if self.where else ""
        return _SENTENCES[self.cause].format(blocked_s=self.blocked_s, by=by)

    @property
    def hint(self) -> str:
        """What helps."""
        return _HINTS[self.cause]


_SENTENCES: dict[Cause, str] = {
    "loop": "the event loop was blocked for {blocked_s:.1f} s{by}",
    "gil": "code kept the GIL for {blocked_s:.1f} s, and every thread waited",
    "process": "this process stood still for {blocked_s:.1f} s",
}

_HINTS: dict[Cause, str] = {
    "loop": (
        "Run what blocks on a thread: asyncio.to_thread, or a handler that is a plain function; "
        "Client(isolated=True) keeps the link meanwhile."
    ),
    "gil": "Isolation does not help against that: run such code in another process.",
    "process": "Was it stopped, or is there no CPU for it?",
}


def of_stall(verdict: Verdict, stall: Stall | None, limit_s: float) -> Verdict:
    """The verdict, with the stall as its cause where it took much of ``limit_s``; 0: there is none."""
    if stall is None or not limit_s or verdict.cause not in LATE or stall.blocked_s < SHARE * limit_s:
        return verdict
    return Verdict("stalled", f"{stall.sentence}: {verdict.sentence}", stall.hint)
