"""Opening the file of an outbox: whose it is, which format it has, and what SQLite's refusals mean.

What is found under the name, and what becomes of it:

====================================  =========================================================
found                                 done
====================================  =========================================================
nothing, or an empty file             a new outbox is made in it, mode 0600
an outbox of this format              opened
an outbox of the format before        opened, after it was made one of this format (see ``migrations``)
an outbox of a newer format           refused, untouched (contract 26)
something else, a database or not     refused, untouched: it is not ours to move
a pipe, a socket or a device          refused, untouched
an outbox that is damaged             set aside under a name with the time in it, and a new one
                                      begun: the state is known to be lost (contract 1)
====================================  =========================================================
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from pathlib import Path
from time import gmtime, strftime
from typing import Literal

from holdfast.errors import OutboxError, OutboxUnwritable
from holdfast.outbox.kinds import irregular

Durability = Literal["power", "process"]

APPLICATION_ID = 0x486F6C64
"""In the header of every outbox file: "Hold"."""

FORMAT = 4
"""In the header too (``user_version``): the format of the tables."""

BUSY_S = 1.0

LOG_PAGES = 150
"""The log is emptied into the file when it is so long: what that may need fits in the reserve."""

DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR})
"""SQLITE_ERROR is for statements that cannot be: of ours, because a table is not there."""

PARTS = ("", "-wal", "-shm")

_MAGIC = b"SQLite format 3\0"
_SYNCHRONOUS = {"power": "FULL", "process": "NORMAL"}  # NORMAL: no fsync but at checkpoints


def connect(path: str, durability: Durability = "power") -> sqlite3.Connection:
    """A connection that may be used on any one thread at a time; makes no file. Raises sqlite3.Error."""
    uri = f"{Path(path).as_uri()}?mode=rw"
    db = sqlite3.connect(uri, uri=True, timeout=BUSY_S, isolation_level=None, check_same_thread=False)
    try:
        db.execute("PRAGMA journal_mode=WAL")
        db.execute(f"PRAGMA wal_autocheckpoint={LOG_PAGES}")
        db.execute(f"PRAGMA synchronous={_SYNCHRONOUS[durability]}")
        if durability == "power":
            db.execute("PRAGMA fullfsync=ON")  # macOS, where fsync alone does not reach the disk
    except BaseException:
        db.close()
        raise
    return db


def inspect(path: str) -> bool:
    """Whether there is an outbox here already. Raises OutboxError for what is not, or is newer."""
    header = _header(path)
    if not header:
        return False
    if header[:16] != _MAGIC or _number(header, 68) != APPLICATION_ID:
        what = "a database of something else" if header[:16] == _MAGIC else "not a database"
        raise OutboxError(f"{path} is no outbox: it is {what}", path=path, hint="name another file")
    check_format(path, _number(header, 60))
    return True


def check_kind(path: str) -> None:
    """Raises OutboxUnwritable for what is there and can be no outbox, as it is no file."""
    kind = irregular(path)
    if kind is not None and not os.path.isdir(path):  # of which the system says the same when it is opened
        raise OutboxUnwritable(f"{path} is {kind}, and no file", path=path, hint="name another one")


def check_format(path: str, found: int) -> None:
    """Contract 26. Raises OutboxError for a newer one."""
    if found > FORMAT:
        raise OutboxError(
            f"{path} was written by a newer release of holdfast (format {found}, here {FORMAT})",
            path=path,
            hint="upgrade holdfast, or name another file",
        )


def _header(path: str) -> bytes:
    check_kind(path)
    try:
        with open(path, "rb") as file:
            return file.read(100)
    except FileNotFoundError:
        return b""
    except OSError as error:
        raise unreadable(path, error) from error


def _number(header: bytes, place: int) -> int:
    return int.from_bytes(header[place : place + 4], "big")


def fill(path: str, make: Callable[[sqlite3.Connection], None]) -> None:
    """Make a database, for its owner only, and give it its name when it is whole and durable.

    Raises OutboxUnwritable, sqlite3.Error.
    """
    check_kind(path)
    new = f"{path}.new"
    try:
        os.close(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600))
        db = sqlite3.connect(new, isolation_level=None)
        try:
            make(db)
        finally:
            db.close()
        os.rename(new, path)
        sync_folder(path)
    except OSError as error:
        raise unreadable(path, error) from error


def sync_folder(path: str) -> None:
    """Make the name of a new file durable, not only what is in it."""
    fd = os.open(os.path.dirname(path), os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def set_aside(path: str) -> str:
    """Move a damaged outbox out of the way, with its log; gives its new name."""
    aside = base = f"{path}.damaged-{strftime('%Y%m%dT%H%M%SZ', gmtime())}"
    count = 1
    while os.path.exists(aside):
        count += 1
        aside = f"{base}-{count}"
    for part in PARTS:
        if os.path.exists(path + part):
            os.rename(path + part, aside + part)
    return aside


def resolve(path: str | os.PathLike[str]) -> str:
    """One name for one file, whichever link led here."""
    return str(Path(path).resolve())


def unreadable(path: str, error: OSError) -> OutboxUnwritable:
    """What the system said."""
    hint = f"name a file in it, as in {path}/outbox.db" if isinstance(error, IsADirectoryError) else _ACCESS
    return OutboxUnwritable(f"{path} cannot be opened: {error.strerror or error}", path=path, hint=hint)


def unread(error: Exception, path: str) -> OutboxUnwritable:
    """The same where it was to be read."""
    return OutboxUnwritable(f"{path} cannot be read: {error}", path=path, hint=_HINTS.get(_code(error)))


def forked(path: str, pid: int) -> OutboxError:
    """Used in a child of the process that opened it."""
    return OutboxError(
        f"{path} was opened by process {pid}; this is its child {os.getpid()}",
        path=path,
        hint="open an outbox after the fork, each process its own file",
    )


def is_damage(error: Exception) -> bool:
    """Met while opening: whether the file is broken, rather than the disk under it or the rights to it."""
    return is_of_one_row(error) or isinstance(error, UnicodeDecodeError) or _code(error) in DAMAGED


def is_full(error: Exception) -> bool:
    """Whether there was no room on the disk."""
    return _code(error) == sqlite3.SQLITE_FULL


def damaged(sentence: str) -> sqlite3.DatabaseError:
    """What SQLite would say of a file that is broken in a way that it does not know."""
    error = sqlite3.DatabaseError(sentence)
    error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
    return error


class UnreadableRow(sqlite3.DatabaseError):
    """What stands in one row is no message any more; the others can be read."""

    sqlite_errorcode = sqlite3.SQLITE_CORRUPT


def is_of_one_row(error: Exception) -> bool:
    """Whether only one row is broken. Of a text that is no UTF-8 the module says so, without a code."""
    return isinstance(error, UnreadableRow) or (
        isinstance(error, sqlite3.OperationalError) and not hasattr(error, "sqlite_errorcode")
    )


def no_room() -> sqlite3.OperationalError:
    """What SQLite would say, before it has to."""
    error = sqlite3.OperationalError("database or disk is full")
    error.sqlite_errorcode = sqlite3.SQLITE_FULL
    return error


def refused(error: Exception, path: str) -> OutboxUnwritable:
    """What SQLite said, with a next step."""
    return OutboxUnwritable(f"{path} cannot be written: {error}", path=path, hint=_HINTS.get(_code(error)))


def _code(error: Exception) -> int:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


_ACCESS = "give this user the right to write the file and its folder, or name another file"

_HINTS = {
    sqlite3.SQLITE_PERM: _ACCESS,
    sqlite3.SQLITE_READONLY: _ACCESS,
    sqlite3.SQLITE_CANTOPEN: _ACCESS,
    sqlite3.SQLITE_FULL: "make room on the disk: what was accepted is kept and goes on by itself",
    sqlite3.SQLITE_IOERR: "look at the disk: it does not do what it is told",
    sqlite3.SQLITE_BUSY: "another program holds a lock on the file",
    sqlite3.SQLITE_LOCKED: "another program holds a lock on the file",
    sqlite3.SQLITE_CORRUPT: "the file is damaged: start again, and it is set aside",
    sqlite3.SQLITE_NOTADB: "the file is damaged: start again, and it is set aside",
}
