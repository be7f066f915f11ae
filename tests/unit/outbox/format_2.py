"""A file as the release before this one left it: format 2, bound to a broker, with rows in flight."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from struct import pack
from typing import Any

CREATED = 1_699_000_000.0
LAST = 1_700_000_000.0
"""Wall time of the last commit, at 5,000 s of outbox time."""

_TABLES = (
    "CREATE TABLE meta (key TEXT PRIMARY KEY, value) WITHOUT ROWID",
    "CREATE TABLE books (accepted INTEGER, acknowledged INTEGER, sent INTEGER, failed INTEGER,"
    " expired INTEGER, dropped INTEGER, last INTEGER, commits INTEGER, epoch INTEGER, packet_id INTEGER,"
    " at REAL, wall REAL)",
    "CREATE TABLE message (id INTEGER PRIMARY KEY, topic TEXT NOT NULL, payload BLOB NOT NULL,"
    " qos INTEGER NOT NULL, retain INTEGER NOT NULL, properties BLOB, expires_at REAL,"
    " uncertain INTEGER NOT NULL, accepted_at REAL NOT NULL, tries INTEGER NOT NULL DEFAULT 0, parked TEXT)",
    "CREATE TABLE flight (number INTEGER PRIMARY KEY, stage INTEGER NOT NULL, entries BLOB NOT NULL)",
    "CREATE TABLE ids (kind INTEGER, packet_id INTEGER, PRIMARY KEY (kind, packet_id)) WITHOUT ROWID",
    "CREATE TABLE dead (number INTEGER PRIMARY KEY AUTOINCREMENT, seq INTEGER NOT NULL, topic TEXT NOT NULL,"
    " payload BLOB NOT NULL, qos INTEGER NOT NULL, retain INTEGER NOT NULL, properties BLOB,"
    " priority INTEGER NOT NULL, accepted_at REAL NOT NULL, died_at REAL NOT NULL, code INTEGER NOT NULL,"
    " reason TEXT NOT NULL, tries INTEGER NOT NULL)",
    "CREATE TABLE request (number INTEGER PRIMARY KEY, verb TEXT NOT NULL, arguments TEXT NOT NULL,"
    " answer TEXT)",
    "CREATE INDEX expiring ON message (expires_at) WHERE expires_at IS NOT NULL",
    "CREATE INDEX parked ON message (parked) WHERE parked IS NOT NULL",
)

_ROWS: list[tuple[Any, ...]] = [
    (3, "sent", b"one", 1, 0, None, None, 0, 4900.0, 0, None),
    (4, "released", b"two", 2, 0, None, None, 0, 4910.0, 0, None),
    (5, "waiting", b"three", 1, 0, None, None, 0, 4920.0, 2, None),
]

_FLIGHT = [(1, 1, pack("<qHH", 3, 11, 2)), (2, 2, pack("<qHH", 4, 12, 1))]


def make(path: Path, *statements: str) -> bytes:
    """Such a file, changed by these; gives its bytes."""
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("PRAGMA journal_mode=WAL")
    for statement in _TABLES:
        db.execute(statement)
    known = [("client_id", "gateway-7"), ("created", CREATED), ("group", "broker.example:1883")]
    db.executemany("INSERT INTO meta VALUES (?, ?)", known)
    db.execute(f"INSERT INTO books VALUES (5, 2, 0, 0, 0, 0, 5, 21, 2, 12, 5000, {LAST})")
    db.executemany(f"INSERT INTO message VALUES ({', '.join('?' * 11)})", _ROWS)
    db.executemany("INSERT INTO flight VALUES (?, ?, ?)", _FLIGHT)
    db.executemany("INSERT INTO ids VALUES (?, ?)", [(1, 40), (2, 13)])
    db.execute(f"PRAGMA application_id={0x486F6C64}")
    db.execute("PRAGMA user_version=2")
    for statement in statements:
        db.execute(statement)
    db.close()
    return path.read_bytes()
