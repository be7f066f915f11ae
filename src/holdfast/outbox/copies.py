"""An outbox file is copied, put back, or made another client's (contract 2, 26).

A copy of the file alone may lack what its log holds, so SQLite makes it. What was in flight in a file that
was put back, or is another client's now, is stale: ``restored`` in ``meta`` says so to the next owner.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress

from holdfast.errors import OutboxError, OutboxUnwritable
from holdfast.outbox import inbound, integrity, mounts, sessions, sqlite_file, tables
from holdfast.outbox.lock import OwnerLock
from holdfast.outbox.migrations import migrate
from holdfast.outbox.reading import check_there, reading


def backup(path: str, to: str) -> None:
    """A whole and durable copy as of now, mode 0600, whoever owns the file. Raises OutboxError."""
    if os.path.lexists(to):
        raise OutboxError(
            f"there is something at {to} already", path=to, hint="name a file that is not there"
        )
    with reading(path) as db:
        _copy(db, to, lambda copy: None)


def restore(source: str, path: str, *, force: bool = False) -> int:
    """Put a backup in the place of an outbox, or where none is; gives how many messages wait in it.

    Raises OutboxError: the backup is not sound, or there is something else, or messages wait there
    and it is not to be done by force. Raises OutboxLocked while somebody owns the file.
    """
    mounts.refuse_network(path, mounts.find(path))
    with reading(source, at_rest=True) as db:
        _check_sound(db, source)
        lock = OwnerLock(path)
        try:
            if sqlite_file.inspect(path) and not force:
                _check_empty(path)
            _copy(db, path, lambda copy: _prepare(copy, path))
            rows, _ = tables.count(db)
        finally:
            lock.release()
    hand_over(path)
    return rows


def _copy(db: sqlite3.Connection, to: str, then: Callable[[sqlite3.Connection], None]) -> None:
    def make(copy: sqlite3.Connection) -> None:
        db.backup(copy)
        then(copy)

    try:
        sqlite_file.fill(to, make)
    except BaseException as error:
        with suppress(OSError):
            os.unlink(f"{to}.new")
        if isinstance(error, sqlite3.Error):
            raise OutboxUnwritable(f"{to} cannot be made: {error}", path=to) from error
        raise


def _check_sound(db: sqlite3.Connection, source: str) -> None:
    tables.read_meta(db)
    db.execute("SELECT accepted FROM books").fetchone()
    said = integrity.fault(db)
    if said is not None:
        raise OutboxError(f"{source} is damaged: {said}", path=source, hint="take an older backup")


def _check_empty(path: str) -> None:
    """Whether nothing is lost with the file that is there."""
    try:
        with closing(sqlite_file.connect(path)) as db:
            rows = _waiting(db)
    except sqlite3.Error as error:
        raise OutboxError(
            f"{path} cannot be read, so what is lost with it is not known: {error}",
            path=path,
            hint="--force puts the backup in its place all the same",
        ) from error
    if rows:
        raise OutboxError(
            f"{path} holds {rows:,} pending message{'s' if rows > 1 else ''}, which would be lost",
            path=path,
            hint="make a backup of it, and say --force",
        )


def _waiting(db: sqlite3.Connection) -> int:
    """What goes out, and what came in, of which an older format knows nothing."""
    (found,) = db.execute("PRAGMA user_version").fetchone()
    held = inbound.totals(db) if found == sqlite_file.FORMAT else []
    rows, _ = tables.count(db)
    return rows + sum(count for _, count, _ in held)


def _prepare(copy: sqlite3.Connection, path: str) -> None:
    """Say that it is an old state; and away with the log of the file that it replaces."""
    with tables.transaction(copy):
        tables.write_meta(copy, restored="backup", device=None, inode=None, series=None)
    for part in sqlite_file.PARTS[1:]:
        with suppress(FileNotFoundError):
            os.unlink(path + part)
    if os.geteuid() == 0:
        owner = os.stat(path if os.path.exists(path) else os.path.dirname(path))
        os.chown(f"{path}.new", owner.st_uid, owner.st_gid)


def rebind(path: str, client_id: str | None, group: str | None) -> None:
    """Make it the outbox of this client id, for these brokers; None: as it was.

    Raises OutboxError, and OutboxLocked while somebody owns the file.
    """
    mounts.refuse_network(path, mounts.find(path))
    check_there(path)
    lock = OwnerLock(path)
    try:
        with closing(sqlite_file.connect(path)) as db:
            given = {"client_id": client_id, "group": group}
            news = {key: value for key, value in given.items() if value is not None}
            (found,) = db.execute("PRAGMA user_version").fetchone()
            migrate(db, found, sqlite_file.FORMAT)
            with tables.transaction(db):
                tables.write_meta(db, restored="rebound", **news)
                sessions.forget(db)
                if group is not None:
                    db.execute("DELETE FROM broker")
                    tables.write_brokers(db, {group: group})
    except sqlite3.Error as error:
        raise sqlite_file.refused(error, path) from error
    finally:
        lock.release()
    hand_over(path)


def hand_over(path: str) -> None:
    """What root made beside the file is its owner's, who has to use it."""
    if os.geteuid() == 0:
        owner = os.stat(path)
        for part in (".lock", ".reserve"):
            with suppress(FileNotFoundError):
                os.chown(path + part, owner.st_uid, owner.st_gid)
