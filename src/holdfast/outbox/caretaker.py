"""``sweep`` over a file: what the engine does for the rows that wait, turn by turn."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Sequence
from math import inf
from typing import Protocol

from holdfast.messages import Outgoing
from holdfast.outbox.backlog import Backlog
from holdfast.outbox.changes import Change, Unparked
from holdfast.outbox.dead import DeadLetter
from holdfast.outbox.errands import POLL_S, Errands, Letter
from holdfast.outbox.queries import Queries
from holdfast.outbox.sweeping import AT_ONCE, EXPIRY, MAX_AGE, SOON_S, next_look, take_out
from holdfast.outbox.timeline import Timeline
from holdfast.outbox.waiting import Fits
from holdfast.protocol.records import Ending

BROKEN = "unreadable"
"""Why a message was dropped that its file has lost."""

log = logging.getLogger("holdfast")


class Hands(Protocol):
    """What the outbox does with what is found."""

    def put_down(self, changes: Sequence[Change]) -> int:
        """Write these down; gives the number of the commit."""

    def give_up(self, rows: Sequence[Outgoing], ending: Ending, why: str) -> None:
        """These, taken out, have ended."""

    def revive(self, letters: Sequence[Letter], changes: Sequence[Change]) -> None:
        """Accept these rows, each a dead letter; write that down together with the changes."""

    def take_back(self, letters: Sequence[DeadLetter], changes: Sequence[Change]) -> None:
        """Keep these, which came in, again; write that down together with the changes."""


class Caretaker:
    """Of one open file. All but ``came`` is the engine's."""

    def __init__(
        self,
        hands: Hands,
        backlog: Backlog,
        queries: Queries,
        errands: Errands,
        timeline: Timeline,
        max_age_s: float,
    ) -> None:
        self._hands = hands
        self._backlog = backlog
        self._queries = queries
        self._errands = errands
        self._timeline = timeline
        self._max_age_s = max_age_s
        self._ahead = timeline.ahead
        self._next_due = -inf  # no committed row expires before
        self._new_due = inf  # no row that came since expires before,
        self._commit = 0  # the newest of them with this commit

    def came(self, rows: Sequence[Outgoing], commit: int) -> None:
        """These rows are here since this commit, new or refused; inside ``backlog``."""
        due = min([row.expires_at for row in rows if row.expires_at is not None], default=inf)
        if due < inf:
            self._new_due, self._commit = min(self._new_due, due), commit

    def unpark(self, fits: Fits) -> None:
        """As the port has it."""
        with self._backlog.lock:
            self._unparked(self._backlog.unpark(fits))

    def _unparked(self, rows: list[Outgoing], *changes: Change) -> None:
        if rows:
            self._backlog.unparked(rows, self._hands.put_down([Unparked(rows), *changes]))

    def sweep(self, now: float, durable: int, last: int | None, whole: bool) -> float:
        """As the port has it. ``last``: the number given last; None: no requests are carried out at present.

        ``whole``: not some at a time, but to the end, as nobody takes rows meanwhile.
        """
        with self._backlog.lock:
            self._backlog.let_go(now)
            self._unparked(self._backlog.unpark_more())
            expired, aged = self._too_old(now, durable)
            broken = self._backlog.broken()
        for rows, why in ((expired, EXPIRY), (aged, MAX_AGE)):
            if rows:
                self._hands.give_up(rows, "expired", why)
        if broken:
            log.error("%d messages cannot be read any more, and are given up", len(broken))
            self._hands.give_up(broken, "dropped", BROKEN)
        busy = last is not None and self._run_errand(now, last, whole)
        while busy and whole and last is not None:
            busy = self._run_errand(now, last, whole)
        with self._backlog.lock:
            due = min(self._next_due, self._new_due)
            look = next_look(self._backlog, now, self._max_age_s, due, len(expired) + len(aged))
        return min(look, now + (SOON_S if busy else POLL_S))

    # -- what is too old ---------------------------------------------------------------------

    def _too_old(self, now: float, durable: int) -> tuple[list[Outgoing], list[Outgoing]]:
        """Take out what has expired and what is too old; nothing while the clock is suspect (contract 27)."""
        if self._timeline.suspect:
            return [], []
        return take_out(self._backlog, self._due(now, durable), now - self._max_age_s)

    def _due(self, now: float, durable: int) -> list[int]:
        """The keys of rows that have expired; asked of the file only when there may be any."""
        ahead = self._timeline.ahead
        if now < min(self._next_due, self._new_due) and ahead == self._ahead:
            return []
        try:
            keys = self._queries.due(now + ahead, AT_ONCE, self._backlog.absent)
            next_due = self._queries.next_due(now + ahead)
        except sqlite3.Error as error:
            self._backlog.unreadable(error)
            return []
        if len(keys) < AT_ONCE:
            self._next_due = inf if next_due is None else next_due - ahead
            self._ahead = ahead
            if self._commit <= durable:
                self._new_due = inf
        return keys

    # -- what was asked for ------------------------------------------------------------------

    def _run_errand(self, now: float, last: int, whole: bool) -> bool:
        """One piece of work; whether there is more."""
        with self._backlog.lock:
            try:
                work = self._errands.step(now, last, not whole)
            except sqlite3.Error as error:
                self._errands.begin_again()
                self._backlog.unreadable(error)
                return False
            if work is None:
                return False
            if work.unparked:
                self._unparked(work.unparked, *work.changes)
                return self._errands.busy
        if work.purged:
            self._hands.give_up(work.purged, "dropped", "purge")
        if work.revived:
            self._hands.revive(work.revived, work.changes)
        elif work.returned:
            self._hands.take_back(work.returned, work.changes)
        elif work.changes:
            self._hands.put_down(work.changes)
        return self._errands.busy
