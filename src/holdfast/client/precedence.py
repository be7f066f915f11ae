"""While a call waits for its commit, a backlog on its way out gives way.

A loop that sends as fast as it can is always busy, and a busy one lets the thread that commits have the
interpreter once in five milliseconds: whoever publishes meanwhile would wait ten. So while there is a backlog
and somebody waits for a commit, a small part of it is sent per commit, and the loop is soon at rest.
"""

from __future__ import annotations

from holdfast.client.commits import Commits
from holdfast.outbox import Outbox

BACKLOG = 4000
"""Pending messages; with fewer, most of them are in flight and wait for the broker only."""

AT_ONCE = 200
"""Messages of the backlog that are sent per commit: more than those who wait are likely to add."""


class Precedence:
    """Who waits for a commit, and how much may be sent meanwhile."""

    def __init__(self, outbox: Outbox, commits: Commits) -> None:
        self._outbox = outbox
        self._commits = commits
        self._spent = False

    def room(self, room: int) -> int:
        """How many rows to take, where the window has room for so many."""
        if not self._commits.awaited or self._outbox.pending <= BACKLOG:
            return room
        spent, self._spent = self._spent, True
        return 0 if spent else min(room, AT_ONCE)

    def committed(self) -> None:
        """A commit happened: the next part of the backlog may go."""
        self._spent = False
