"""What goes wrong with the disk: it is slow, it gives errors, it is full.

Everything the outbox does to its file passes a ``Faulty`` connection, which fails at whichever statement
the dice say. A full disk is SQLite's own SQLITE_FULL where a page is wanted that there is no room for, and
a COMMIT that finds no room in the log; both end when the reserve is given up (contract 12).
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal, cast

from holdfast.outbox import sqlite_file
from holdfast.outbox.reserve import Reserve
from holdfast.testing.simulator.storage import RESERVE_BYTES

if TYPE_CHECKING:
    from holdfast.testing.simulator.world import World

Mood = Literal["well", "slow", "error", "full"]

MAY_FAIL = ("BEGIN", "INSERT", "UPDATE", "DELETE", "COMMIT", "SELECT")
WRITES = ("INSERT", "UPDATE", "DELETE")
"""Outside of a transaction such a statement is one of its own: it begins and commits as well."""

ENDLESS_PAGES = 1 << 30
RESERVE_PAGES = RESERVE_BYTES // 4096

_connect = sqlite_file.connect


class Faults:
    """The mood of the disk, until it passes."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._mood: Mood = "well"
        self._until = 0.0
        self._pages = ENDLESS_PAGES
        self._reserve = ""

    @property
    def mood(self) -> Mood:
        """How the disk is at present."""
        return self._mood if self._world.now < self._until else "well"

    def begin(self, mood: Mood, how_long_s: float, pages: int = 0) -> None:
        """From now on it is like that; ``pages`` the file has at present."""
        self._mood, self._until, self._pages = mood, self._world.now + how_long_s, pages
        self._world.paths[f"disk: {mood}"] += 1

    def heal(self) -> None:
        """The disk works."""
        self._until = 0.0

    @contextmanager
    def spared(self) -> Iterator[None]:
        """Who only wants to know what is in the file meets no errors."""
        mood, self._mood = self._mood, "well"
        try:
            yield
        finally:
            self._mood = mood

    def delay_s(self) -> float:
        """How much longer a commit takes."""
        return self._world.rng.random() * 2 if self.mood == "slow" else 0.0

    # -- what the outbox meets -----------------------------------------------------------------

    def connect(self, *arguments: Any, **options: Any) -> sqlite3.Connection:
        """In the place of ``sqlite_file.connect``."""
        if self.mood == "error" and self._world.rng.random() < 0.2:
            raise self._error(sqlite3.SQLITE_IOERR, "connecting")
        return cast(sqlite3.Connection, Faulty(_connect(*arguments, **options), self))

    def before(self, db: sqlite3.Connection, verb: str) -> None:
        """A statement is about to be carried out."""
        mood = self.mood
        if mood == "error" and self._world.rng.random() < 0.2:
            raise self._error(sqlite3.SQLITE_IOERR, verb)
        if verb == "BEGIN":
            db.execute(f"PRAGMA max_page_count={self._room()}")
        elif mood == "full" and verb == "COMMIT" and self._reserved():
            raise self._error(sqlite3.SQLITE_FULL, verb)

    def after(self, verb: str) -> None:
        """It was carried out, and whoever asked for it may not hear of it."""
        if verb == "COMMIT" and self.mood == "error" and self._world.rng.random() < 0.2:
            self._world.paths["disk: a commit that failed had happened"] += 1
            raise self._error(sqlite3.SQLITE_IOERR, "after COMMIT")

    def reads(self) -> None:
        """One more row is read."""
        if self.mood == "error" and self._world.rng.random() < 0.2:
            raise self._error(sqlite3.SQLITE_IOERR, "reading")

    def reserve(self, reserve: Reserve) -> Reserve:
        """The reserve as the outbox finds it on this disk."""
        self._reserve = reserve._path
        return ScarceReserve(reserve, self)

    def _reserved(self) -> bool:
        return os.path.exists(self._reserve)

    def _room(self) -> int:
        if self.mood != "full":
            return ENDLESS_PAGES
        return self._pages + (0 if self._reserved() else RESERVE_PAGES)

    def _error(self, code: int, where: str) -> sqlite3.OperationalError:
        self._world.note("the disk fails at %s: %d", where, code)
        self._world.paths[f"disk: failed at {where}"] += 1
        error = sqlite3.OperationalError("disk I/O error" if code == sqlite3.SQLITE_IOERR else "full")
        error.sqlite_errorcode = code
        return error


class ScarceReserve(Reserve):
    """There is no room for it while the disk is full, but for what is there already."""

    def __init__(self, real: Reserve, faults: Faults) -> None:
        self._path, self.size = real._path, real.size
        self._faults = faults

    def take(self) -> bool:
        if self._faults.mood == "full" and not self._faults._reserved():
            return False
        return super().take()


class FaultyCursor:
    """Rows that are being read while the disk gives errors."""

    def __init__(self, cursor: sqlite3.Cursor, faults: Faults) -> None:
        self._cursor = cursor
        self._faults = faults

    def __iter__(self) -> Iterator[Any]:
        for row in self._cursor:
            try:
                self._faults.reads()
            except sqlite3.Error:
                self._cursor.close()  # as SQLite does; an open one would keep its connection alive
                raise
            yield row

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cursor, name)


class Faulty:
    """A connection on this disk."""

    def __init__(self, db: sqlite3.Connection, faults: Faults) -> None:
        self._db = db
        self._faults = faults

    def execute(self, sql: str, *arguments: Any) -> sqlite3.Cursor:
        """As of ``sqlite3.Connection``."""
        verb = sql.partition(" ")[0]
        if verb not in MAY_FAIL:
            return self._db.execute(sql, *arguments)
        alone = verb in WRITES and not self._db.in_transaction
        parts = ("BEGIN", verb, "COMMIT") if alone else (verb,)
        for part in parts:
            self._faults.before(self._db, part)
        cursor = self._db.execute(sql, *arguments)
        self._faults.after(parts[-1])
        if verb == "SELECT" and self._faults.mood == "error":
            return cast(sqlite3.Cursor, FaultyCursor(cursor, self._faults))
        return cursor

    def executemany(self, sql: str, arguments: Any) -> sqlite3.Cursor:
        """As of ``sqlite3.Connection``."""
        self._faults.before(self._db, sql.partition(" ")[0])
        return self._db.executemany(sql, arguments)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._db, name)
