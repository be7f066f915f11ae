"""The tables of an outbox file as statements, by the format that brought them (see ``tables``)."""

from __future__ import annotations

ADDED = (
    "CREATE TABLE dead (number INTEGER PRIMARY KEY AUTOINCREMENT, seq INTEGER NOT NULL, topic TEXT NOT NULL,"
    " payload BLOB NOT NULL, qos INTEGER NOT NULL, retain INTEGER NOT NULL, properties BLOB,"
    " priority INTEGER NOT NULL, accepted_at REAL NOT NULL, died_at REAL NOT NULL, code INTEGER NOT NULL,"
    " reason TEXT NOT NULL, tries INTEGER NOT NULL)",
    "CREATE TABLE request (number INTEGER PRIMARY KEY, verb TEXT NOT NULL, arguments TEXT NOT NULL,"
    " answer TEXT)",
    "CREATE INDEX expiring ON message (expires_at) WHERE expires_at IS NOT NULL",
    "CREATE INDEX parked ON message (parked) WHERE parked IS NOT NULL",
)
"""What format 1 did not have."""

ADDED_3 = (
    "CREATE TABLE broker (address TEXT PRIMARY KEY, name TEXT NOT NULL) WITHOUT ROWID",
    "CREATE TABLE session (name TEXT PRIMARY KEY, epoch INTEGER NOT NULL, lost INTEGER NOT NULL)"
    " WITHOUT ROWID",
    "CREATE TABLE held (number INTEGER PRIMARY KEY, name TEXT NOT NULL, kind INTEGER NOT NULL,"
    " packet_id INTEGER NOT NULL)",
)
"""What format 2 did not have."""

ADDED_4 = (
    "ALTER TABLE dead ADD COLUMN owner TEXT",
    "ALTER TABLE dead ADD COLUMN key TEXT",
    "CREATE TABLE inbound (number INTEGER PRIMARY KEY AUTOINCREMENT, owner TEXT NOT NULL,"
    " topic TEXT NOT NULL, payload BLOB NOT NULL, qos INTEGER NOT NULL, retain INTEGER NOT NULL,"
    " properties BLOB, arrived REAL NOT NULL, key TEXT, tries INTEGER NOT NULL, next_at REAL NOT NULL,"
    " reason TEXT NOT NULL, epoch INTEGER NOT NULL, packet_id INTEGER NOT NULL)",
    "CREATE INDEX owned ON inbound (owner)",
    "CREATE INDEX unreleased ON inbound (epoch, packet_id) WHERE packet_id > 0",
    "CREATE TABLE seen (number INTEGER PRIMARY KEY, owner TEXT NOT NULL, digest BLOB NOT NULL)",
    "CREATE INDEX seen_by ON seen (owner)",
    "CREATE TABLE begun (owner TEXT, digest BLOB, tries INTEGER NOT NULL, PRIMARY KEY (owner, digest))"
    " WITHOUT ROWID",
)
"""What format 3 did not have."""

CREATE = (
    "CREATE TABLE meta (key TEXT PRIMARY KEY, value) WITHOUT ROWID",
    "CREATE TABLE books (accepted INTEGER, acknowledged INTEGER, sent INTEGER, failed INTEGER,"
    " expired INTEGER, dropped INTEGER, last INTEGER, commits INTEGER, epoch INTEGER, packet_id INTEGER,"
    " at REAL, wall REAL)",
    "CREATE TABLE message (id INTEGER PRIMARY KEY, topic TEXT NOT NULL, payload BLOB NOT NULL,"
    " qos INTEGER NOT NULL, retain INTEGER NOT NULL, properties BLOB, expires_at REAL,"
    " uncertain INTEGER NOT NULL, accepted_at REAL NOT NULL, tries INTEGER NOT NULL DEFAULT 0, parked TEXT)",
    "CREATE TABLE flight (number INTEGER PRIMARY KEY, stage INTEGER NOT NULL, entries BLOB NOT NULL)",
    "CREATE TABLE ids (kind INTEGER, packet_id INTEGER, PRIMARY KEY (kind, packet_id)) WITHOUT ROWID",
    *ADDED,
    *ADDED_3,
    *ADDED_4,
)
"""All of a new file."""
