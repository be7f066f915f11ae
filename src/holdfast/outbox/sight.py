"""Whether the rows that wait in the file can be read at present (contract 12).

A read that fails is no reason to lose anything, nor to raise in the middle of a turn: the rows stay where
they are, it is said once, and nothing more is accepted until reading goes on. What is damaged stays so
until the file is opened again, and looked through.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable

from holdfast.errors import OutboxError, OutboxUnwritable
from holdfast.outbox import sqlite_file

log = logging.getLogger("holdfast")


class Sight:
    """Of one open file; everything happens on the engine's thread. ``failure``: why it cannot be read."""

    def __init__(
        self, path: str, reader: sqlite3.Connection, tell: Callable[[OutboxError | None], None]
    ) -> None:
        """``tell`` hears of each failure, and None when reading goes on."""
        self._path = path
        self._reader = reader
        self._tell = tell
        self._damaged = False
        self.failure: OutboxUnwritable | None = None

    def failed(self, error: sqlite3.Error) -> None:
        """A read failed."""
        self._damaged = self._damaged or sqlite_file.is_damage(error)
        if self.failure is None:
            self.failure = sqlite_file.unread(error, self._path)
            log.error("%s", self.failure)
            self._tell(self.failure)

    def look(self) -> None:
        """See whether reading goes on."""
        if self.failure is None or self._damaged:
            return
        try:
            self._reader.execute("SELECT commits FROM books").fetchone()
        except sqlite3.Error:
            return
        self.failure = None
        log.warning("%s can be read again", self._path)
        self._tell(None)
