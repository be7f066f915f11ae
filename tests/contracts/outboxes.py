"""Every outbox there is, by name: the contract suite runs over all of them."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from holdfast.messages import Outgoing, QoS
from holdfast.outbox import MemoryOutbox, Outbox
from holdfast.outbox.sqlite import SqliteOutbox
from holdfast.testing.manual_clock import ManualClock

RING = 5
BUDGET = 4000

Make = Callable[[Path], Outbox]
"""A new outbox, which may keep what it has in this folder."""


def _memory(folder: Path) -> Outbox:
    return MemoryOutbox(ManualClock(), max_bytes=BUDGET, qos0_messages=RING)


def _sqlite(folder: Path) -> Outbox:
    return _opened(
        SqliteOutbox(
            folder / "outbox.db", ManualClock(), durability="process", max_bytes=BUDGET, qos0_messages=RING
        )
    )


def _opened(outbox: SqliteOutbox) -> Outbox:
    outbox.open("gateway-7")
    return outbox


ADAPTERS: dict[str, Make] = {"memory": _memory, "sqlite": _sqlite}

LARGE: dict[str, Make] = {
    "memory": lambda folder: MemoryOutbox(ManualClock()),
    "sqlite": lambda folder: _opened(SqliteOutbox(folder / "large.db", ManualClock(), durability="process")),
}
"""The same with their own bounds."""


def rows(count: int, qos: QoS = 1, payload: bytes = b"x") -> list[Outgoing]:
    """A group of new rows, not accepted yet."""
    return [Outgoing(0, "plant/1/temp", payload, qos) for _ in range(count)]


def wait(outbox: Outbox, commit: int, timeout_s: float = 10) -> None:
    """Until this commit has happened."""
    deadline = time.monotonic() + timeout_s
    while outbox.durable < commit:
        outbox.begin()
        assert time.monotonic() < deadline, f"commit {commit} has not happened, {outbox.durable} has"
        time.sleep(0.0002)
