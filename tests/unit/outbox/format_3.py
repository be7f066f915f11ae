"""A file as the release before this one left it: format 3, with a session elsewhere and a dead letter."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from tests.unit.outbox import format_2

_NEW = (
    "CREATE TABLE broker (address TEXT PRIMARY KEY, name TEXT NOT NULL) WITHOUT ROWID",
    "CREATE TABLE session (name TEXT PRIMARY KEY, epoch INTEGER NOT NULL, lost INTEGER NOT NULL)"
    " WITHOUT ROWID",
    "CREATE TABLE held (number INTEGER PRIMARY KEY, name TEXT NOT NULL, kind INTEGER NOT NULL,"
    " packet_id INTEGER NOT NULL)",
    "INSERT INTO broker VALUES ('broker.example:1883', 'broker.example:1883')",
    "INSERT INTO broker VALUES ('other.example:1883', 'other.example:1883')",
    "INSERT INTO session VALUES ('other.example:1883', 3, 0)",
    "INSERT INTO held (name, kind, packet_id) VALUES ('other.example:1883', 2, 6)",
    "INSERT INTO dead (number, seq, topic, payload, qos, retain, properties, priority, accepted_at, died_at,"
    " code, reason, tries) VALUES (4, 2, 'gone', x'7a65726f', 1, 0, NULL, 1, 4800, 4850, 151, 'Quota', 1)",
    "UPDATE books SET acknowledged = 1, failed = 1",
    "PRAGMA user_version=3",
)


def make(path: Path, *statements: str) -> bytes:
    """Such a file, changed by these; gives its bytes."""
    format_2.make(path)
    db = sqlite3.connect(path, isolation_level=None)
    for statement in (*_NEW, *statements):
        db.execute(statement)
    db.close()
    return path.read_bytes()
