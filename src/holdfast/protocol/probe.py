"""Does the whole way work: when to ask, and what a missing answer means. Pure arithmetic (contract 21).

A question is a message to ourselves at QoS 0, its answer the same message coming back; the SUBSCRIBE that
lets it come back counts as the first. Let P be the interval, and *proven*: one was answered on this
connection.

    since the question          what holds                                          what to do
    P                           it was answered                                     ask the next one
    P / 2                       proven, and not a byte came in since                PINGREQ
    P, and P / 2 since PINGREQ  the same still                                      the link is dead
    P                           bytes came in, or never proven                      ask again: one missed
    P                           the third in a row was missed, and never proven     not authorised: no more

A dead link is found within 2 P. Nothing else ends one: any inbound byte is life, and what never worked proves
nothing by not working. One missed answer is no news, as QoS 0 may be dropped under load; two in a row are.
While we do not read, for handlers that are behind, answers wait with all else: such a question is not judged.
"""

from __future__ import annotations

from typing import Literal

ProbeState = Literal["waiting", "ok", "missed", "not_authorized"]

MISSED = 2
UNPROVEN = 3


class Probe:
    """The clockwork of one connection; times are seconds on the session's clock."""

    __slots__ = (
        "_asked",
        "_blind",
        "_interval",
        "_listening",
        "_misses",
        "_open",
        "_pinged",
        "_proven",
        "off",
    )

    def __init__(self, interval_s: float, now: float) -> None:
        """SUBSCRIBE leaves now."""
        self._interval = interval_s
        self._asked = now
        self._pinged: float | None = None
        self._open = True
        self._proven = self._blind = self.off = False
        self._listening = True
        self._misses = 0

    @property
    def state(self) -> ProbeState:
        """What is known by now."""
        if self.off:
            return "not_authorized"
        if not self._proven:
            return "waiting"
        return "missed" if self._misses >= MISSED else "ok"

    # -- what happens ------------------------------------------------------------------------

    def subscribed(self) -> None:
        """SUBACK: whatever was asked before could not be answered."""
        self._open, self._misses = False, 0

    def asked(self, now: float) -> None:
        """A question leaves; the one before, if it is open, was missed."""
        self._misses += self._open and not self._blind
        self._open, self._blind = True, not self._listening
        self._asked, self._pinged = now, None

    def answered(self, now: float) -> float:
        """The answer to the last question came; gives the round trip."""
        self._open, self._proven, self._misses = False, True, 0
        return now - self._asked

    def pinged(self, now: float) -> None:
        """A PINGREQ left."""
        self._pinged = now

    def listen(self, wanted: bool) -> None:
        """Reading is switched off or on."""
        self._listening = wanted
        self._blind = self._blind or not wanted

    def refuse(self) -> None:
        """We may not: nothing is asked any more."""
        self.off = True

    # -- what follows ------------------------------------------------------------------------

    def due(self, now: float, heard: float) -> Literal["nothing", "ask", "ping", "dead", "refused"]:
        """What to do at this moment; ``heard``: when bytes came in last."""
        deadline = self.deadline(heard)
        if deadline is None or now < deadline:
            return "nothing"
        if self._silent(heard):
            return "ping" if self._pinged is None else "dead"
        if self._open and not self._blind and not self._proven and self._misses + 1 >= UNPROVEN:
            return "refused"
        return "ask"

    def deadline(self, heard: float) -> float | None:
        """When ``due`` has something to say next; it only ever moves away."""
        if self.off:
            return None
        half, end = self._interval / 2, self._asked + self._interval
        if not self._silent(heard):
            return end
        return self._asked + half if self._pinged is None else max(end, self._pinged + half)

    def _silent(self, heard: float) -> bool:
        """Whether the way worked on this connection, and nothing at all came since the question."""
        return self._open and self._proven and not self._blind and heard <= self._asked
