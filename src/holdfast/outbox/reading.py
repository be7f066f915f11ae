"""Opening the file of an outbox to read it, whoever owns it, and without doing anything to it (contract 26).

A reader needs the files that SQLite keeps beside a database with a log. It makes them where they are
missing, as the owner of the file would: with its mode, and for root with its user. Another user's
would be in the owner's way, so such a reader is refused before it makes any.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from holdfast.errors import OutboxError, OutboxUnwritable
from holdfast.outbox import mounts, sqlite_file
from holdfast.outbox.sqlite_file import FORMAT

BUSY_S = 5.0


@contextmanager
def reading(path: str, *, at_rest: bool = False) -> Iterator[sqlite3.Connection]:
    """A connection that can only read. What SQLite says against it is an OutboxError, here and inside.

    ``at_rest``: nobody uses the file, so that nothing needs to be made beside it, unless it has a log;
    and it may be of an older format.
    Raises OutboxError where there is no outbox, or one of another format; OutboxUnwritable where the
    rights are missing.
    """
    _check_rights(path)
    check_there(path)
    try:
        db = _connect(path, at_rest)
        try:
            check = sqlite_file.check_format if at_rest else check_same_format
            check(path, *db.execute("PRAGMA user_version").fetchone())
            yield db
        finally:
            db.close()
    except sqlite3.Error as error:
        raise _unreadable(path, error) from error


def check_there(path: str) -> None:
    """Raises OutboxError where there is no outbox, or a newer one: looking must not make any."""
    if not sqlite_file.inspect(path):
        raise OutboxError(f"there is no outbox at {path}", path=path, hint="name the file its service uses")


def _connect(path: str, at_rest: bool) -> sqlite3.Connection:
    """Where the folder cannot be written nobody can own the file, so a file without a log is at rest too."""
    logged = os.path.exists(f"{path}-wal") and os.path.getsize(f"{path}-wal")
    if not logged and (at_rest or not _can_make(path)):
        return _open(path, "immutable=1")
    mounts.refuse_network(path, mounts.find(path))
    _check_maker(path)
    return _open(path, "mode=ro")


def _open(path: str, how: str) -> sqlite3.Connection:
    uri = f"{Path(path).as_uri()}?{how}"
    return sqlite3.connect(uri, uri=True, timeout=BUSY_S, isolation_level=None)


def _can_make(path: str) -> bool:
    return os.path.exists(f"{path}-shm") or os.access(os.path.dirname(path), os.W_OK)


def _check_rights(path: str) -> None:
    if os.path.exists(path) and not os.access(path, os.R_OK):
        raise OutboxUnwritable(f"{path} cannot be read: Permission denied", path=path, hint=_as_owner(path))


def _check_maker(path: str) -> None:
    """Raises OutboxUnwritable where a file made beside it would be in its owner's way."""
    if os.path.exists(f"{path}-shm") or os.geteuid() in (0, os.stat(path).st_uid):
        return
    raise OutboxUnwritable(
        f"{path} cannot be read without making {path}-shm, which would be yours, not its owner's",
        path=path,
        hint=_as_owner(path),
    )


def _as_owner(path: str) -> str:
    from pwd import getpwuid  # not on Windows, where no file outbox was tried

    number = os.stat(path).st_uid
    try:
        name = getpwuid(number).pw_name
    except KeyError:
        name = f"#{number}"
    return f"it belongs to {name}: sudo -u '{name}' holdfast ..."


def check_same_format(path: str, found: int) -> None:
    """Raises OutboxError for a file of another format than ours."""
    sqlite_file.check_format(path, found)
    if found < FORMAT:
        raise OutboxError(
            f"{path} was written by an older release of holdfast (format {found}, here {FORMAT})",
            path=path,
            hint="it is brought up to date when its service starts with this release",
        )


def _unreadable(path: str, error: sqlite3.Error) -> OutboxError:
    if sqlite_file.is_damage(error):
        hint = f"its service sets it aside at its next start; sqlite3 {path} .recover may save something"
        return OutboxError(f"{path} is damaged: {error}", path=path, hint=hint)
    return OutboxUnwritable(
        f"{path} cannot be read: {error}",
        path=path,
        hint=f"if its folder cannot be written: copy {path} and {path}-wal to one that can, and read that",
    )
