"""Whether a file is whole: what SQLite does not say by itself (contract 1).

A flipped bit in the log looks to SQLite like the end of it: what was committed behind that place would be
gone without a word. So the log is read here first. Behind a broken frame of a transaction that a power cut
interrupted stands nothing that was begun later; where a later one was, the broken one was committed once.
Then the file goes on with what SQLite finds, and says so: in a new session, and since rows may have come
back that had ended, none of QoS 2 is certain to be new.

A damaged page would be met only when somebody reads it, by then in a running program; so all are looked
at when the file is opened. What stands in a row, SQLite cannot know: it has no checksums there.
"""

from __future__ import annotations

import sqlite3
from contextlib import suppress
from struct import Struct

from holdfast.messages import HIGH, LOW, NORMAL
from holdfast.outbox import dead, inbound, tables
from holdfast.outbox.keys import seq_of, span
from holdfast.outbox.rows import COLUMNS
from holdfast.outbox.sqlite_file import damaged

_HEADER = Struct(">8I")  # magic, version, page size, number, two salts, two checksums
_FRAME = Struct(">6I")  # page, pages of the file if it ends a transaction, two salts, two checksums
_MAGIC = 0x377F0682  # its last bit: the words of the checksums are big-endian
WORDS = (Struct("<2I"), Struct(">2I"))
_MASK = 0xFFFFFFFF

_NUMBERED = ("message", "flight", "dead", "request", "held", "inbound", "seen")
_COLUMNS = {
    "message": f"{', '.join(COLUMNS)}, parked",
    "flight": "number, stage, entries",
    "ids": "kind, packet_id",
    "broker": "address, name",
    "session": "name, epoch, lost",
    "held": "number, name, kind, packet_id",
    "dead": f"number, {dead.COLUMNS}",
    "inbound": inbound.COLUMNS,
    "seen": "number, owner, digest",
    "begun": "owner, digest, tries",
    "request": "number, verb, arguments, answer",
}


def has_lost_commits(path: str) -> bool:
    """Whether commits are lost out of the log of this outbox."""
    data = b""
    with suppress(FileNotFoundError), open(f"{path}-wal", "rb") as file:
        data = file.read()
    return len(data) > _HEADER.size + _FRAME.size and _Log(data).lost()


class _Log:
    """The frames of a log that is not empty."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._magic, _, self._page, _, *self._salts, first, second = _HEADER.unpack_from(data)
        self._words = WORDS[self._magic & 1]
        self._sums = (first, second)
        self._size = _FRAME.size + self._page

    def lost(self) -> bool:
        """Whether a transaction was begun behind one that is broken now."""
        if self._magic & ~1 != _MAGIC or self._sum(0, 24, (0, 0)) != self._sums:
            return True
        starts = range(_HEADER.size, len(self._data) - self._size + 1, self._size)
        place = 0
        while place < len(starts) and self._follows(starts[place]):
            place += 1
        return any(map(self._ends_before, starts[place:], starts[place + 1 :]))

    def _ends_before(self, start: int, following: int) -> bool:
        """Whether a transaction ended in the frame here, and another one began behind it.

        The checksums tell it from what an earlier crash has left behind the present end of the log.
        """
        _, pages, *salts, first, second = _FRAME.unpack_from(self._data, start)
        self._sums = (first, second)
        return pages > 0 and salts == self._salts and self._follows(following)

    def _follows(self, start: int) -> bool:
        """Whether this frame continues those before it."""
        _, _, *salts, first, second = _FRAME.unpack_from(self._data, start)
        sums = self._sum(start, 8, self._sums)
        self._sums = self._sum(start + _FRAME.size, self._page, sums)
        return salts == self._salts and self._sums == (first, second)

    def _sum(self, start: int, size: int, sums: tuple[int, int]) -> tuple[int, int]:
        return checksum(self._data[start : start + size], sums, self._words)


def checksum(data: bytes, sums: tuple[int, int], words: Struct) -> tuple[int, int]:
    """The checksum of SQLite's log, going on from these."""
    one, two = sums
    for left, right in words.iter_unpack(data):
        one = (one + left + two) & _MASK
        two = (two + right + one) & _MASK
    return one, two


def check_file(db: sqlite3.Connection) -> None:
    """Look at every page and index, and find every table. Raises sqlite3.DatabaseError."""
    for table, columns in _COLUMNS.items():
        db.execute(f"SELECT {columns} FROM {table} LIMIT 0").fetchone()
    for table in _NUMBERED:
        kinds = db.execute("SELECT type FROM pragma_table_info(?) WHERE pk = 1", (table,)).fetchall()
        if kinds != [("INTEGER",)]:  # else its keys are not those of its rows
            raise damaged(f"the table {table} has no key")
    said = fault(db)
    if said is not None:
        raise damaged(said)


def fault(db: sqlite3.Connection) -> str | None:
    """The first thing that SQLite finds wrong in any page or index. Raises sqlite3.Error."""
    (said,) = db.execute("PRAGMA integrity_check(1)").fetchone()
    return None if said == "ok" else str(said)


def patch_up(db: sqlite3.Connection) -> None:
    """Let what a broken log has left go on. Raises sqlite3.Error.

    What stands before the break may be older than the file, so that they do not fit each other.
    """
    db.execute("REINDEX")
    check_file(db)
    distrust(db)


def last_number(db: sqlite3.Connection) -> int:
    """The highest sequence number of any message that is there; 0: there is none."""
    last = 0
    for priority in (LOW, NORMAL, HIGH):
        found = db.execute("SELECT max(id) FROM message WHERE id BETWEEN ? AND ?", span(priority))
        (key,) = found.fetchone()
        last = max(last, 0 if key is None else seq_of(key))
    return last


def distrust(db: sqlite3.Connection) -> None:
    """What is in flight by this file is stale, and what ended may have come back. Raises sqlite3.Error."""
    with tables.transaction(db):
        db.execute("UPDATE message SET uncertain = 1 WHERE qos = 2")
        db.execute("UPDATE books SET last = max(last, ?)", (last_number(db),))  # not to be given again
        tables.write_meta(db, restored="damaged", series=None)
