"""What the tests of the file outbox share: making one, waiting for it, and a crash."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path
from typing import Any

from holdfast.messages import Outgoing, QoS
from holdfast.outbox import dead
from holdfast.outbox.changes import Change
from holdfast.outbox.queries import Queries
from holdfast.outbox.sqlite import SqliteOutbox
from holdfast.protocol import Record
from holdfast.testing.manual_clock import ManualClock
from tests.contracts.outboxes import wait

CLIENT_ID = "gateway-7"


def open_outbox(path: Path, **options: Any) -> SqliteOutbox:
    """The outbox in this file, without fsync, on a clock of its own unless one is given."""
    clock = options.pop("clock", None) or ManualClock()
    outbox = SqliteOutbox(path, clock, **{"durability": "process", **options})
    outbox.open(CLIENT_ID)
    return outbox


def accept(outbox: SqliteOutbox, count: int = 1, qos: QoS = 1, payload: bytes = b"x") -> list[Outgoing]:
    """New rows, durable."""
    rows = [Outgoing(0, "plant/1/temp", payload, qos) for _ in range(count)]
    wait(outbox, outbox.accept(rows))
    return rows


def write(outbox: SqliteOutbox, *records: Record) -> None:
    """These records, durable."""
    wait(outbox, outbox.write(records))


def change(outbox: SqliteOutbox, *changes: Change) -> None:
    """What the outbox writes down by itself, durable."""
    assert outbox._writer is not None
    wait(outbox, outbox._writer.write(changes))


def reading(outbox: SqliteOutbox) -> Queries:
    """What its committed rows are asked."""
    assert outbox._opened is not None
    return outbox._opened.queries


def letters(outbox: SqliteOutbox) -> list[dead.DeadLetter]:
    """Its dead letters, oldest first."""
    assert outbox._opened is not None
    return list(dead.read(outbox._opened.reader))


def crash(path: Path, into: Path) -> Path:
    """The file set as a kill would leave it at this moment, under another name, where it says it lies."""
    final, aside = into / path.name, into / "aside"
    copy_set(path, aside)
    final.touch()
    db = sqlite3.connect(aside / path.name)
    try:
        db.execute("UPDATE meta SET value = ? WHERE key = 'inode'", (final.stat().st_ino,))
        db.commit()
        copy_set(aside / path.name, into)  # while the log is not emptied
    finally:
        db.close()
    return final


def copy_set(path: Path, into: Path) -> Path:
    """The file and its log, copied."""
    into.mkdir(parents=True, exist_ok=True)
    for part in ("", "-wal"):
        source = path.with_name(path.name + part)
        if source.exists():
            shutil.copyfile(source, into / source.name)
    return into / path.name


def query(path: Path, statement: str) -> list[Any]:
    """What another reader of the file sees."""
    db = sqlite3.connect(path)
    try:
        return db.execute(statement).fetchall()
    finally:
        db.close()


def edit(path: Path, statement: str) -> None:
    """Somebody's hand in the file."""
    db = sqlite3.connect(path)
    try:
        db.execute(statement)
        db.commit()
    finally:
        db.close()


def seqs(rows: list[Outgoing]) -> list[int]:
    return [row.seq for row in rows]


def open_and_count(path: Path) -> int:
    """How many messages a new process finds pending."""
    outbox = open_outbox(path)
    pending = outbox.pending
    outbox.close()
    return pending
