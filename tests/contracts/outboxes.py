"""Every outbox there is, by name: the contract suite runs over all of them."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from holdfast.messages import Outgoing, QoS
from holdfast.outbox import Outbox
from holdfast.outbox.memory import MemoryOutbox
from holdfast.outbox.sqlite import SqliteOutbox
from holdfast.testing.manual_clock import ManualClock

RING = 5
BUDGET = 4000

Make = Callable[[Path], Outbox]
"""A new outbox, which may keep what it has in this folder."""


def memory(folder: Path, clock: ManualClock, **options: Any) -> Outbox:
    """In memory."""
    return MemoryOutbox(clock, **options)


def sqlite(folder: Path, clock: ManualClock, **options: Any) -> Outbox:
    """In a file, without fsync."""
    outbox = SqliteOutbox(folder / "outbox.db", clock, durability="process", **options)
    outbox.open("gateway-7")
    return outbox


BUILD: dict[str, Callable[..., Outbox]] = {"memory": memory, "sqlite": sqlite}

ADAPTERS: dict[str, Make] = {
    name: partial(build, clock=ManualClock(), max_bytes=BUDGET, qos0_messages=RING)
    for name, build in BUILD.items()
}

LARGE: dict[str, Make] = {name: partial(build, clock=ManualClock()) for name, build in BUILD.items()}
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
