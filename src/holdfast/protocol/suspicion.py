"""Which message ends the link, if one does (contract 10).

What is in flight goes out first on every new connection. So a message at which the broker hangs up
(too large for a limit it did not announce, a topic it cannot bear) ends every connection, and nothing
behind it ever leaves. It has to be given up, and no other may be: links end for a hundred reasons, and
whichever message is the oldest in flight is always there when they do.

What tells the two apart is an experiment with its control on the same connection: the link lives for a
while *without* the message and answers a ping; then the message goes out *alone*, and the link ends at
once. Each such strike makes the next control twice as long as that whole connection lived, so a link
that ends by itself, after whatever time, ends in the control sooner or later and clears the message.
A link that ends at random lives through all four controls, and ends in the short moment behind each of
the first three, with a probability of 0.000005 at the worst rate there is; and that counts only where
the broker would not have answered in those moments. One that ends by the clock cannot do it at all.

=========  ==============================  =====================================  ==================
state      we send                         what happens                           then
=========  ==============================  =====================================  ==================
FREE       all that the window allows      the link ends, the oldest in flight    QUIET
                                           is the same ``patience`` times
QUIET      nothing, ``quiet_s`` long       the time is over: PINGREQ              ASKED
QUIET,     nothing                         the link ends: not by the message      FREE, more patience
ASKED
ASKED      nothing                         PINGRESP                               ALONE
ALONE      after ``STRIKES``: nothing      it is given up                         GROWING
ALONE      this one message                an answer to it                        GROWING
                                           the link ends at once, or the broker   QUIET, a strike
                                           says that it is because of a packet
                                           the link ends later                    QUIET, no strikes
ASKED,     nothing, one message            the link lives on for ``LIVES_S``      FREE
ALONE
GROWING    one at first, and one more      everything fits into the window        FREE
           in flight with each answer      the link ends                          QUIET
=========  ==============================  =====================================  ==================

A connection that we ended, or that the broker ended for a reason of its own (it shuts down, somebody
took over), says nothing: the state stays and is begun anew. "At once" is an eighth of the control.
GROWING is for what follows: the answers to what the broker had taken before the culprit may be lost
with the link, and then the oldest in flight is innocent, and the culprit somewhere behind it.

When one message after another is given up and none acknowledged in between, it may be that this client
may not publish at all; so each takes twice as long as the one before, up to some two minutes.
"""

from __future__ import annotations

from math import inf
from typing import Literal

from holdfast.messages import Outgoing

PATIENCE, MOST_PATIENCE = 2, 16
STRIKES = 3
FIRST_S = 0.5
LONGEST_S = 60.0
"""Of a control; a broker that takes longer than an eighth of that to hang up is not found out."""
LIVES_S = 15.0
AT_ONCE = 1 / 8
DOUBLINGS = 4

UNSPECIFIED = 0x80

FREE, QUIET, ASKED, ALONE, GROWING = range(5)

Death = Literal["silent", "blamed", "other"]
"""How a connection ended: without a reason, because of a packet of ours, or for another reason."""

_BLAMES = {0x81, 0x82, 0x90, 0x95, 0x99, 0x9A, 0x9B}
_SAYS_NOTHING = {0x00, 0x80, 0x83, 0x87}
"""0x87 too: some brokers hang up so on a publish that is not allowed, others when a login has expired."""
_HOW_IT_WAS_SENT = {0x93, 0x94}
"""Too many at once, or an alias: reasons to send it alone, and no word against it when it is alone."""


class Suspicion:
    """The states above; times are seconds on the session's clock.

    ``active``: not FREE. ``suspect`` was the oldest in flight at the end of ``times`` connections in a
    row; ``reason`` is what the broker said against it.
    """

    def __init__(self) -> None:
        self.active = False
        self.suspect: Outgoing | None = None
        self.times = 0
        self.reason = UNSPECIFIED
        self._state = FREE
        self._patience = PATIENCE
        self._strikes = 0
        self._given_up = 0  # one after another, and none acknowledged
        self._quiet_s = FIRST_S
        self._opened_at = 0.0
        self._left_at: float | None = None
        self._due_at = inf
        self._allowed, self._in_flight = 1, 0

    @property
    def holds(self) -> bool:
        """Whether nothing new may be handed over."""
        return self._state in (QUIET, ASKED, ALONE)

    @property
    def guilty(self) -> Outgoing | None:
        """The message that is to be given up: now, on a link that lives without it."""
        return self.suspect if self._state == ALONE and self._strikes == STRIKES else None

    # -- a connection --------------------------------------------------------------------------

    def opened(self, now: float) -> bool:
        """A connection is there; whether it begins with a control."""
        self._opened_at, self._left_at = now, None
        self._allowed, self._in_flight = 1, 0
        if self.holds:
            self._enter(QUIET, now + self._quiet_s)
        return self.holds

    def deadline(self) -> float | None:
        """When ``due`` has something to say."""
        return self._due_at if self.holds else None

    def due(self, now: float) -> bool:
        """Time has passed; whether to ping."""
        if now < self._due_at:
            return False
        if self._state == QUIET:
            self._enter(ASKED, now + LIVES_S)
            return True
        self._clear(FREE)
        return False

    def pong(self, now: float) -> None:
        """PINGRESP came."""
        if self._state == ASKED:
            self._enter(ALONE, now + LIVES_S)

    def left(self, now: float) -> None:
        """A PUBLISH of QoS 1 or 2 leaves."""
        if self._left_at is None:
            self._left_at = now

    def window(self, agreed: int, waits: bool, in_flight: int) -> int:
        """How many may be in flight, of which ``in_flight`` are. ``waits``: one of them has no answer."""
        if self._state == ALONE and self._left_at is not None and not waits:
            self._clear(GROWING)
        if self._state == GROWING:
            self._grow(agreed, max(0, self._in_flight - in_flight))
        self._in_flight = in_flight
        return {FREE: agreed, ALONE: 1, GROWING: self._allowed}.get(self._state, 0)

    def _grow(self, agreed: int, answered: int) -> None:
        if answered:
            self._given_up = 0
        self._allowed += answered
        if self._allowed >= agreed:
            self._clear(FREE)

    def filled(self, in_flight: int) -> None:
        """So many are in flight, now that the window has been used."""
        self._in_flight = in_flight

    def convicted(self) -> None:
        """The suspect has been given up."""
        self._given_up += 1
        self._clear(GROWING)

    # -- its end -------------------------------------------------------------------------------

    def lost(self, now: float, reason: int | None, head: Outgoing | None) -> None:
        """A connection ended, with the broker's ``reason`` if there was one.

        ``head``: what left first on it of all that has no answer.
        """
        death = _death(reason, self._state == ALONE)
        if death == "other":
            return
        if head is None:
            self._without()
            return
        if head is not self.suspect:
            self._clear(FREE if self._state == FREE else GROWING)
            self.suspect, self._patience = head, PATIENCE
        self.times += 1
        if reason is not None and death == "blamed":
            self.reason = reason
        self._with(now, death)

    def _without(self) -> None:
        """It ended with nothing in flight."""
        if self.holds:
            self._patience = min(MOST_PATIENCE, 2 * self._patience)
        if self._state != GROWING:
            self._clear(FREE)

    def _with(self, now: float, death: Death) -> None:
        """It ended with the suspect in flight, or what is one now."""
        life_s = now - self._opened_at
        if self._state == ALONE:
            at_once = self._left_at is not None and now - self._left_at <= AT_ONCE * self._quiet_s
            self._strikes = self._strikes + 1 if at_once or death == "blamed" else 0
            self._quiet_s = min(LONGEST_S, 2 * life_s)
            self._enter(QUIET)
        elif self._state == FREE:
            if life_s > LIVES_S:
                self.times = 1
            if self.times >= self._patience:
                self._enter(QUIET)
        else:
            self._enter(QUIET)

    def _clear(self, state: int) -> None:
        """Nothing speaks against anybody."""
        self.times, self.reason, self._strikes = 0, UNSPECIFIED, 0
        self._quiet_s = FIRST_S * 2 ** min(self._given_up, DOUBLINGS)
        self._enter(state)

    def _enter(self, state: int, due_at: float = inf) -> None:
        self._state, self._due_at = state, due_at
        self.active = state != FREE


def _death(reason: int | None, alone: bool) -> Death:
    if reason is None or reason in _SAYS_NOTHING:
        return "silent"
    if reason in _BLAMES:
        return "blamed"
    return "silent" if reason in _HOW_IT_WAS_SENT and not alone else "other"
