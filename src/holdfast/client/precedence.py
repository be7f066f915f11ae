"""While somebody publishes and waits for commits, a backlog on its way out gives way.

A loop that sends as fast as it can is always busy, and a busy one lets the thread that commits have the
interpreter once in five milliseconds: whoever publishes meanwhile would wait for several such turns.

=======================================  ========================================================
somebody waits for a commit              of the backlog is sent
=======================================  ========================================================
not for a while                          as much as there is room for
did so just now                          a small part per turn of the loop
does so                                  nothing, or one part where it has had to wait for long
=======================================  ========================================================
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from time import monotonic

from holdfast.client.commits import Commits
from holdfast.outbox import Outbox

BACKLOG = 4000
"""Pending messages; with fewer, most of them are in flight and wait for the broker only."""

AT_ONCE = 100
"""Messages of the backlog in one part: a millisecond of work, with all that follows from it."""

RECENT_S = 1.0
"""Who has published so long ago may do so again."""

HOLD_S = 0.004
"""So long the backlog waits for its next part at most: who publishes without a pause is not to stop it."""


class Precedence:
    """Who waits for a commit, and how much may be sent meanwhile."""

    def __init__(self, outbox: Outbox, commits: Commits) -> None:
        self._outbox = outbox
        self._commits = commits
        self._awaited_at = self._sent_at = -RECENT_S
        self._spent = self._waits = False
        self.wake: Callable[[], None] = _nothing
        """Lets the engine ask again in the next turn."""

    def room(self, room: int) -> int:
        """How many rows to take, where the window has room for so many; on the engine's loop."""
        if not room or self._outbox.pending <= BACKLOG:
            return room
        now = monotonic()
        if self._commits.awaited:
            self._awaited_at = now
            held = self._sent_at + HOLD_S - now
            if held > 0:
                self._ask_again(held)
                return 0
        elif now - self._awaited_at > RECENT_S:
            return room
        if self._spent:
            return 0
        self._spent, self._sent_at = True, now
        asyncio.get_running_loop().call_soon(self._next_turn)
        return min(room, AT_ONCE)

    def _next_turn(self) -> None:
        self._spent = False
        self.wake()

    def _ask_again(self, delay_s: float) -> None:
        if not self._waits:
            self._waits = True
            asyncio.get_running_loop().call_later(delay_s, self._held)

    def _held(self) -> None:
        self._waits = False
        self.wake()


def _nothing() -> None:
    """There is no engine yet."""
