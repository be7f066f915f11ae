"""The sessions with other brokers than the present ones, in the file (contract 3).

What is in ``flight``, in ``ids`` and in the books is of the present session, that with the group ``group``
of ``meta``. Of each other one ``session`` has the epoch, and ``held`` the identifiers; when we are with
another group they change places with those in ``ids``. Identifiers that are still to be released there
(see ``protocol.elsewhere``) stand in ``held`` in their order, until they are.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from holdfast.outbox import tables
from holdfast.outbox.flight import runs
from holdfast.outbox.sqlite_file import damaged
from holdfast.outbox.statements import each
from holdfast.outbox.tables import RECEIVED, UNANSWERED, UNRELEASED, WITHHELD, Books
from holdfast.protocol import Elsewhere, GroupEntered


def enter(db: sqlite3.Connection, record: GroupEntered, books: Books) -> None:
    """The session with another group takes the place of the present one, in the open transaction."""
    meta = tables.read_meta(db)
    _leave(db, str(meta.get("group") or ""), record, books.epoch, "restored" in meta)
    here = (record.group,)
    found = db.execute("SELECT epoch, lost FROM session WHERE name = ?", here).fetchone()
    books.epoch, lost = found or (0, 0)
    db.execute(_RETURN, here)
    db.execute(f"DELETE FROM held WHERE name = ? AND kind <> {UNRELEASED}", here)
    db.execute("DELETE FROM session WHERE name = ?", here)
    tables.write_meta(db, group=record.group, restored="elsewhere" if lost else None)


def _leave(db: sqlite3.Connection, name: str, record: GroupEntered, epoch: int, lost: bool) -> None:
    """What the session before holds of us stays with it."""
    db.execute("INSERT OR REPLACE INTO session VALUES (?, ?, ?)", (name, epoch, lost))
    db.execute("DELETE FROM held WHERE name = ?", (name,))
    db.execute("INSERT INTO held (name, kind, packet_id) SELECT ?, kind, packet_id FROM ids", (name,))
    db.execute("DELETE FROM ids")
    for kind, packet_ids in ((UNANSWERED, record.unanswered), (UNRELEASED, record.unreleased)):
        each(db, _HOLD, [(name, kind, packet_id) for packet_id in packet_ids])


_RETURN = "INSERT OR IGNORE INTO ids SELECT kind, packet_id FROM held WHERE name = ? AND kind IN (1, 2)"
_HOLD = "INSERT INTO held (name, kind, packet_id) VALUES (?, ?, ?)"


_PRESENT = "(SELECT value FROM meta WHERE key = 'group')"
_HERE = f"name = {_PRESENT}"


def complete(db: sqlite3.Connection, packet_ids: Sequence[int]) -> None:
    """These identifiers of the present session were released."""
    released = runs(sorted({*packet_ids}))  # by ranges: each statement reads all that is held
    each(db, f"DELETE FROM held WHERE {_HERE} AND packet_id BETWEEN ? AND ?", released)


def complete_all(db: sqlite3.Connection) -> None:
    """The present session has ended, and with it all that was to be released there."""
    db.execute(f"DELETE FROM held WHERE {_HERE}")


def distrust(db: sqlite3.Connection) -> None:
    """What is known of all of them is stale: each will begin anew (contract 26).

    A mended file may have one of the present group too, from before we entered it.
    """
    db.execute("DELETE FROM held")
    db.execute(f"DELETE FROM session WHERE {_HERE}")
    db.execute("UPDATE session SET epoch = epoch + 1, lost = 1")


def forget(db: sqlite3.Connection) -> None:
    """They were another client's, or with brokers that nobody uses any more."""
    db.execute("DELETE FROM held")
    db.execute("DELETE FROM session")


def unreleased(db: sqlite3.Connection, name: str) -> list[int]:
    """The identifiers of the present session, of that name, that are still to be released."""
    return _held(db, name, UNRELEASED)


def elsewhere(db: sqlite3.Connection) -> dict[str, Elsewhere]:
    """All but the present one, by the names of their groups. Raises sqlite3.Error."""
    found: dict[str, Elsewhere] = {}
    select = f"SELECT name, epoch, lost FROM session WHERE name IS NOT {_PRESENT}"
    for name, epoch, lost in db.execute(select).fetchall():
        if not (isinstance(name, str) and isinstance(epoch, int)):
            raise damaged("nobody knows which sessions there are")
        ones, twos, withheld, received = (_held(db, name, kind) for kind in _KINDS)
        found[name] = Elsewhere(epoch, ones, twos, withheld, received, lost != 0)
    return found


_KINDS = (UNANSWERED, UNRELEASED, WITHHELD, RECEIVED)


def _held(db: sqlite3.Connection, name: str, kind: int) -> list[int]:
    select = "SELECT packet_id FROM held WHERE name = ? AND kind = ? ORDER BY number"
    packet_ids = [packet_id for (packet_id,) in db.execute(select, (name, kind))]
    if not all(isinstance(one, int) for one in packet_ids):
        raise damaged("nobody knows what other brokers hold of us")
    return packet_ids
