"""What the outbox file of one seed is like: how durable, how bounded, and how little stays in memory.

The bounds are far below those of a real client, so that 500 steps meet every one of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Any, get_args

from holdfast.messages import HIGH, LOW, NORMAL
from holdfast.outbox.overflow import Policy
from holdfast.outbox.sqlite_file import Durability

RESERVE_BYTES = 64 << 10

FEW_IDS, FEW_WITHHELD, SMALL_WINDOW = 64, 8, 20
"""So many packet identifiers come round often, and are enough for such a window and those withheld."""


@dataclass
class Storage:
    """Drawn with dice of its own."""

    durability: Durability
    keep_qos0: bool
    qos0_messages: int
    max_messages: int | None
    max_bytes: int | None
    max_age_s: float | None
    overflow: Policy
    hold_class: bool
    ready_rows: int
    batch_rows: int
    log_pages: int
    few_ids: bool
    resends: bool
    classes: tuple[int, ...]
    patient: float
    """How many of the rows that are refused may wait."""
    power: float
    """How many of its deaths are power cuts."""

    @classmethod
    def draw(cls, rng: Random, inflight: int) -> Storage:
        """Read one from the dice."""
        return cls(
            durability=rng.choice(("power", "power", "process")),
            keep_qos0=rng.random() < 0.5,
            qos0_messages=rng.choice((3, 1000)),
            max_messages=rng.choice((None, None, 15)),
            max_bytes=rng.choice((1 << 20, 1 << 20, 6_000)),
            max_age_s=rng.choice((None, None, 3.0)),
            overflow=rng.choice(("wait", "wait", *get_args(Policy))),
            hold_class=rng.random() < 0.2,
            ready_rows=rng.choice((1, 5, 4000)),
            batch_rows=rng.choice((1, 3, 500)),
            log_pages=rng.choice((8, 20, 150)),
            few_ids=inflight <= SMALL_WINDOW and rng.random() < 0.5,
            resends=rng.random() < 0.8,
            classes=rng.choice(((NORMAL,), (NORMAL,), (LOW, NORMAL, NORMAL, HIGH), (LOW, HIGH))),
            patient=rng.choice((0.0, 0.5, 1.0)),
            power=rng.choice((0.0, 0.3, 1.0)),
        )

    def options(self) -> dict[str, Any]:
        """For the outbox."""
        return {
            "durability": self.durability,
            "keep_qos0": self.keep_qos0,
            "qos0_messages": self.qos0_messages,
            "max_messages": self.max_messages,
            "max_bytes": self.max_bytes,
            "max_age_s": self.max_age_s,
            "overflow": self.overflow,
            "hold_class": self.hold_class,
        }
