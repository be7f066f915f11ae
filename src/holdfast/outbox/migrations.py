"""What makes a file of an older format one of this format (contract 26).

Each step is one transaction with its number in the header: either the whole of it happened, or the
file is as it was, and the older release can still read it.
"""

from __future__ import annotations

import sqlite3

from holdfast.outbox.schema import ADDED, ADDED_3, ADDED_4
from holdfast.outbox.sqlite_file import damaged
from holdfast.outbox.tables import transaction

MIGRATIONS: dict[int, tuple[str, ...]] = {
    1: (
        "ALTER TABLE books ADD COLUMN at REAL",
        "ALTER TABLE books ADD COLUMN wall REAL",
        # Times were wall time, and stay so: of outbox time only the differences count.
        "UPDATE books SET wall = max((SELECT value FROM meta WHERE key = 'created'),"
        " coalesce((SELECT accepted_at FROM message ORDER BY seq DESC LIMIT 1), 0))",
        "UPDATE books SET at = wall",
        "ALTER TABLE message RENAME COLUMN seq TO id",  # every row is of the class whose keys these are
        "ALTER TABLE message ADD COLUMN tries INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE message ADD COLUMN parked TEXT",
        *ADDED,
    ),
    2: (*ADDED_3, "INSERT INTO broker SELECT value, value FROM meta WHERE key = 'group'"),
    3: ADDED_4,
}
"""Format → the statements that make the next one of it."""


def migrate(db: sqlite3.Connection, found: int, wanted: int) -> None:
    """From the format ``found`` to the one that is wanted. Raises sqlite3.Error."""
    if found not in (*MIGRATIONS, wanted):
        raise damaged(f"no release has written format {found}")
    for number in range(found, wanted):
        with transaction(db):
            for statement in MIGRATIONS[number]:
                db.execute(statement)
            db.execute(f"PRAGMA user_version={number + 1}")
