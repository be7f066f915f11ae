"""What becomes of the file when messages that came in are kept, handled or given up (``intake_changes``)."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from typing import Any

from holdfast.outbox import dead, inbound
from holdfast.outbox.dead import Letters
from holdfast.outbox.flight import runs
from holdfast.outbox.intake import REMEMBERED
from holdfast.outbox.intake_changes import (
    Begun,
    Died,
    Ended,
    Given,
    LetGo,
    Postponed,
    Remembered,
    Returned,
    Taken,
    Unbound,
)
from holdfast.outbox.statements import each
from holdfast.outbox.steps import Steps
from holdfast.outbox.tables import Books

SLACK = 1000
"""So many digests more than are remembered are deleted together."""

_BOUND = "epoch = ? AND packet_id = ? AND likely(packet_id > 0)"
"""As the index has it; without ``likely`` SQLite seeks ``packet_id > 0`` there, and reads the whole epoch."""

Left = list[tuple[str, int, int]]
"""Of an owner so many messages less, and so many bytes."""


class IntakeEffects:
    """All of them are rare, and have statements of their own."""

    def __init__(self, letters: Letters) -> None:
        self._letters = letters
        self._seen: dict[str, int] = {}
        self._left: Left = []
        self.books: Books
        self.by_kind: dict[type, Callable[[Steps, Sequence[Any]], None]] = {
            Taken: self._taken,
            Postponed: self._postponed,
            LetGo: self._let_go,
            Given: self._given,
            Died: self._died,
            Returned: self._returned,
            Unbound: self._unbound,
            Remembered: self._remembered,
            Begun: self._begun,
            Ended: self._ended,
        }

    def _taken(self, steps: Steps, changes: Sequence[Taken]) -> None:
        inbound.add(steps.db, [row for change in changes for row in change.rows])

    def _postponed(self, steps: Steps, changes: Sequence[Postponed]) -> None:
        found = [(one.tries, one.at, one.reason, one.number) for one in changes]
        each(steps.db, "UPDATE inbound SET tries = ?, next_at = ?, reason = ? WHERE number = ?", found)

    def _let_go(self, steps: Steps, changes: Sequence[LetGo]) -> None:
        self._remove(steps.db, [number for change in changes for number in change.numbers])

    def _remove(self, db: sqlite3.Connection, numbers: Sequence[int]) -> None:
        self._left += inbound.remove(db, runs(sorted({*numbers})))

    def _given(self, steps: Steps, changes: Sequence[Given]) -> None:
        for change in changes:
            gone = inbound.give(steps.db, runs(sorted({*change.numbers})), change.owner)
            self._left += gone
            self._left += [(change.owner, -count, -size) for _, count, size in gone]

    def _died(self, steps: Steps, changes: Sequence[Died]) -> None:
        ahead = self.books.at - self.books.wall
        entries = [
            (change.code, change.reason, held) for change in changes for held in change.messages
        ]  # fmt: skip
        self._letters.come(
            steps.db, len(entries), lambda: dead.take_in(steps.db, entries, self.books.at, ahead)
        )
        self._remove(steps.db, [held.number for _, _, held in entries if held.number])

    def _returned(self, steps: Steps, changes: Sequence[Returned]) -> None:
        pairs = [pair for change in changes for pair in change.numbers]
        dead.hand_back(steps.db, pairs, self.books.at - self.books.wall)
        self._letters.went()

    def _unbound(self, steps: Steps, changes: Sequence[Unbound]) -> None:
        gone = [(change.epoch, packet_id) for change in changes for packet_id in change.packet_ids]
        each(steps.db, f"UPDATE inbound SET epoch = 0, packet_id = 0 WHERE {_BOUND}", gone)

    def take_left(self) -> Left:
        """What has left since this was asked."""
        left, self._left = self._left, []
        return left

    # -- what was seen, and what was begun ---------------------------------------------------

    def _remembered(self, steps: Steps, changes: Sequence[Remembered]) -> None:
        db = steps.db
        for owner in {change.owner for change in changes}:
            digests = [digest for change in changes if change.owner == owner for digest in change.digests]
            before = self._seen.get(owner)
            if before is None:
                (before,) = db.execute("SELECT count(*) FROM seen WHERE owner = ?", (owner,)).fetchone()
            each(db, "INSERT INTO seen (owner, digest) VALUES (?, ?)", [(owner, one) for one in digests])
            self._seen[owner] = self._forget(db, owner, before + len(digests))

    def _forget(self, db: sqlite3.Connection, owner: str, count: int) -> int:
        """The oldest of so many, where they are too many; gives how many are left."""
        over = count - REMEMBERED
        if over < SLACK:
            return count
        db.execute(
            "DELETE FROM seen WHERE number IN"
            " (SELECT number FROM seen WHERE owner = ? ORDER BY number LIMIT ?)",
            (owner, over),
        )
        return REMEMBERED

    def _begun(self, steps: Steps, changes: Sequence[Begun]) -> None:
        each(
            steps.db,
            "INSERT INTO begun VALUES (?, ?, 1) ON CONFLICT (owner, digest) DO UPDATE SET tries = tries + 1",
            [(change.owner, change.digest) for change in changes],
        )

    def _ended(self, steps: Steps, changes: Sequence[Ended]) -> None:
        found = [(change.owner, change.digest) for change in changes]
        each(steps.db, "DELETE FROM begun WHERE owner = ? AND digest = ?", found)
