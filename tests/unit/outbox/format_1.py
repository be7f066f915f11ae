"""A file as release 0.1 left it: format 1, with rows in every stage."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from struct import pack
from typing import Any

CREATED = 1_699_000_000.0
LAST = 1_700_000_000.0
"""Wall time of the last message accepted."""

_TABLES = (
    "CREATE TABLE meta (key TEXT PRIMARY KEY, value) WITHOUT ROWID",
    "CREATE TABLE books (accepted INTEGER, acknowledged INTEGER, sent INTEGER, failed INTEGER,"
    " expired INTEGER, dropped INTEGER, last INTEGER, commits INTEGER, epoch INTEGER, packet_id INTEGER)",
    "CREATE TABLE message (seq INTEGER PRIMARY KEY, topic TEXT NOT NULL, payload BLOB NOT NULL,"
    " qos INTEGER NOT NULL, retain INTEGER NOT NULL, properties BLOB, expires_at REAL,"
    " uncertain INTEGER NOT NULL, accepted_at REAL NOT NULL)",
    "CREATE TABLE flight (number INTEGER PRIMARY KEY, stage INTEGER NOT NULL, entries BLOB NOT NULL)",
    "CREATE TABLE ids (kind INTEGER, packet_id INTEGER, PRIMARY KEY (kind, packet_id)) WITHOUT ROWID",
)

_ROWS: list[tuple[Any, ...]] = [
    (3, "sent/1", b"one", 1, 0, None, None, 0, LAST - 70),
    (4, "sent/2", b"two", 2, 1, None, None, 0, LAST - 60),
    (5, "released", b"", 2, 0, None, None, 0, LAST - 50),
    (7, "properties", b"x", 1, 0, b"\x0d\x03\x00\x0atext/plain", None, 0, LAST - 40),
    (8, "uncertain", b"x", 2, 0, None, None, 1, LAST - 30),
    (9, "expiring", b"x", 1, 0, None, LAST + 3600, 0, LAST),
]

_FLIGHT = [(1, 1, pack("<QHH", 3, 11, 3)), (2, 2, pack("<QHH", 5, 13, 1))]


def make(path: Path, *statements: str) -> bytes:
    """Such a file, changed by these; gives its bytes."""
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("PRAGMA journal_mode=WAL")
    for statement in _TABLES:
        db.execute(statement)
    db.executemany("INSERT INTO meta VALUES (?, ?)", [("client_id", "gateway-7"), ("created", CREATED)])
    db.execute("INSERT INTO books VALUES (9, 1, 0, 1, 1, 0, 9, 21, 2, 13)")
    db.executemany(f"INSERT INTO message VALUES ({', '.join('?' * 9)})", _ROWS)
    db.executemany("INSERT INTO flight VALUES (?, ?, ?)", _FLIGHT)
    db.executemany("INSERT INTO ids VALUES (?, ?)", [(1, 40), (2, 12)])
    db.execute(f"PRAGMA application_id={0x486F6C64}")
    db.execute("PRAGMA user_version=1")
    for statement in statements:
        db.execute(statement)
    db.close()
    return path.read_bytes()
