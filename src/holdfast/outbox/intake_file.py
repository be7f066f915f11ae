"""What came in and is kept in the file of an outbox: ``Intake`` over its writer and a reading connection."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Sequence
from threading import Lock
from typing import Any, TypeVar

from holdfast.errors import OutboxError
from holdfast.outbox import inbound, sqlite_file
from holdfast.outbox.changes import Change
from holdfast.outbox.commits import Commits
from holdfast.outbox.dead import DeadLetter
from holdfast.outbox.intake import Held
from holdfast.outbox.intake_books import IntakeBooks
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
from holdfast.outbox.timeline import Timeline

T = TypeVar("T")

log = logging.getLogger("holdfast")


class FileIntake:
    """Of one outbox, open or not; the numbers go on over its life. ``on_returned`` is told, on any thread,
    whose dead letters are kept again with which commit."""

    def __init__(
        self, checked: Callable[[], Commits], writer: Callable[[], Commits | None], max_bytes: int | None
    ) -> None:
        """``checked`` gives the writer or raises OutboxError: nothing can be kept at present."""
        self._checked = checked
        self._writer = writer
        self._max_bytes = max_bytes
        self._books = IntakeBooks()
        self._last = 0
        self._numbering = Lock()  # numbers rise in the order of the commits
        self._reading = Lock()
        self._db: sqlite3.Connection | None = None
        self._path, self._open = "", False
        self._timeline: Timeline
        self.series = ""
        self.on_returned: Callable[[set[str], int], None] = lambda owners, commit: None

    def begin(self, db: sqlite3.Connection, path: str, series: str, timeline: Timeline) -> None:
        """The file is open; ``db`` reads it now. Raises sqlite3.Error."""
        self._books = IntakeBooks(inbound.totals(db))
        self._last = max(self._last, inbound.last_number(db))
        self._path, self.series, self._timeline, self._open = path, series, timeline, True

    def end(self) -> None:
        """The file is closed."""
        with self._reading:
            db, self._db, self._open = self._db, None, False
            if db is not None:
                db.close()

    def left(self, gone: Sequence[tuple[str, int, int]]) -> None:
        """A commit has deleted so many of an owner, and their bytes."""
        self._books.left(gone)

    # -- kept, and handled -------------------------------------------------------------------

    def hold(self, messages: Sequence[Held]) -> int:
        """As the port has it."""
        return self._take(messages)

    def renew(self, messages: Sequence[Held]) -> int:
        """As the port has it."""
        return self._take(messages, LetGo([held.number for held in messages]))

    def _take(self, messages: Sequence[Held], *changes: Change) -> int:
        writer = self._checked()
        with self._numbering:
            for number, held in enumerate(messages, self._last + 1):
                held.number = number
            self._last += len(messages)
            self._books.came(messages)
            rows = [inbound.columns(held, self._timeline.ahead) for held in messages]
            commit = writer.write([Taken(rows), *changes] if rows else [])
        writer.begin()
        return commit

    def again(self, message: Held) -> int:
        """As the port has it."""
        at = inbound.at(message, self._timeline.ahead)
        return self._write(Postponed(message.number, message.tries, at, message.reason))

    def let_go(self, numbers: Sequence[int]) -> int:
        """As the port has it."""
        return self._write(LetGo(numbers))

    def hand_over(self, numbers: Sequence[int], owner: str) -> int:
        """As the port has it."""
        return self._write(Given(numbers, owner))

    def bury(self, messages: Sequence[Held], code: int, reason: str) -> int:
        """As the port has it. Raises OutboxError where one has no number, and nothing can be kept now."""
        if not all(held.number for held in messages):
            self._checked()
        return self._write(Died(messages, code, reason))

    def fits(self, letters: Sequence[DeadLetter]) -> bool:
        """Whether there is room to keep these dead letters again."""
        return self.room(sum([_again(letter).size for letter in letters]))

    def take_back(self, letters: Sequence[DeadLetter], changes: Sequence[Change]) -> None:
        """These dead letters, which came in, are kept again; write that down together with the changes."""
        messages = [_again(letter) for letter in letters]
        with self._numbering:
            numbers = [(letter.number, self._last + place) for place, letter in enumerate(letters, 1)]
            self._last += len(letters)
            self._books.came(messages)
            commit = self._write(Returned(numbers), *changes)
        self.on_returned({held.owner for held in messages}, commit)

    def release(self, epoch: int, packet_ids: Sequence[int]) -> int:
        """As the port has it; while nothing is kept there is nothing to write down."""
        return self._write(Unbound(epoch, packet_ids)) if self._books.count(None) else self._write()

    def _write(self, *changes: Change) -> int:
        writer = self._writer()
        if writer is None:
            return 0
        commit = writer.write(changes)
        writer.begin()
        return commit

    # -- what is there -----------------------------------------------------------------------

    def count(self, owner: str | None = None) -> int:
        """As the port has it."""
        return self._books.count(owner)

    def owners(self) -> list[str]:
        """As the port has it."""
        return self._books.owners()

    def room(self, size: int) -> bool:
        """As the port has it."""
        try:
            self._checked()
        except OutboxError:
            return False
        return self._books.fits(size, self._max_bytes)

    def read(self, owner: str, after: int, most: int) -> list[Held]:
        """As the port has it; what nobody can read any more is let go."""
        found, broken = self._next(owner, after, most)
        while broken:
            log.error("%d of what came in cannot be read any more, and are given up", len(broken))
            self.let_go(broken)
            if found:
                break
            found, broken = self._next(owner, broken[-1], most)
        return found

    def _next(self, owner: str, after: int, most: int) -> tuple[list[Held], list[int]]:
        return self._ask(lambda db: inbound.read(db, owner, after, most, self._timeline.ahead))

    def _ask(self, question: Callable[[sqlite3.Connection], T]) -> T:
        """On a connection of our own. Raises OutboxError."""
        with self._reading:
            if not self._open:
                raise OutboxError(f"{self._path or 'the outbox'} is not open", path=self._path)
            try:
                self._db = self._db or sqlite_file.connect(self._path)
                return question(self._db)
            except sqlite3.Error as error:
                raise sqlite_file.unread(error, self._path) from error

    def bound(self, owner: str) -> list[tuple[int, int, str | None]]:
        """As the port has it."""
        return self._all(_BOUND, owner)

    # -- what was seen, and what was begun ---------------------------------------------------

    def seen(self, owner: str) -> set[bytes]:
        """As the port has it."""
        asked = "SELECT digest FROM seen WHERE owner = ?"
        return {digest for (digest,) in self._all(asked, owner) if type(digest) is bytes}

    def saw(self, owner: str, digests: Sequence[bytes]) -> int:
        """As the port has it."""
        return self._write(Remembered(owner, digests))

    def begun(self, owner: str, digest: bytes) -> int:
        """As the port has it."""
        return self._write(Begun(owner, digest))

    def ended(self, owner: str, digest: bytes) -> int:
        """As the port has it."""
        return self._write(Ended(owner, digest))

    def attempts(self, owner: str) -> dict[bytes, int]:
        """As the port has it."""
        asked = "SELECT digest, tries FROM begun WHERE owner = ?"
        return {digest: tries for digest, tries in self._all(asked, owner) if type(tries) is int}

    def _all(self, asked: str, owner: str) -> list[Any]:
        return self._ask(lambda db: db.execute(asked, (owner,)).fetchall())


_BOUND = "SELECT epoch, packet_id, key FROM inbound WHERE owner = ? AND packet_id > 0 ORDER BY number"


def _again(letter: DeadLetter) -> Held:
    return Held(0, letter.owner or "", letter.topic, letter.payload)
