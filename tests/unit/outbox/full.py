"""What waits, under a bound: what the tests of the overflow policies share."""

from __future__ import annotations

from typing import Any

from holdfast.messages import NORMAL, Outgoing
from holdfast.outbox.overflow import Overflow, Policy
from holdfast.outbox.tally import Tally
from holdfast.outbox.waiting import Waiting
from holdfast.testing.manual_clock import ManualClock
from tests.unit.outbox.inside import inside


class Full:
    """Rows that wait, their books, and what is given up for more of them."""

    def __init__(
        self, policy: Policy, max_messages: int | None = None, max_bytes: int | None = None, **options: Any
    ) -> None:
        self.clock = ManualClock()
        self.overflow = Overflow(policy, max_messages, max_bytes)
        self.waiting = Waiting(self.clock, latest=self.overflow.latest(), **options)
        self.tally = Tally()

    def made(self, topic: str = "t", priority: int = NORMAL, size: int = 0) -> Outgoing:
        """A new row, not accepted yet."""
        return Outgoing(0, topic, bytes(size), priority=priority)

    def accept(self, *rows: Outgoing) -> list[Outgoing]:
        """Number these rows; they wait."""
        for seq, row in enumerate(rows, self.tally.accepted + 1):
            row.seq = seq
        self.tally.accept(len(rows), sum(row.size for row in rows))
        with inside(self.waiting):
            self.waiting.accept(rows)
        return list(rows)

    def give_up(self, *rows: Outgoing) -> list[int] | None:
        """The numbers of what ended so that these have room; None: they have none."""
        dropped = self.overflow.make_room(self.waiting, self.tally, rows)
        if dropped is None:
            return None
        if dropped:
            self.tally.end(dropped, "dropped")
        return [row.seq for row in dropped]

    def left(self) -> list[int]:
        """The numbers of what waits, oldest first."""
        with inside(self.waiting) as waiting:
            return [row.seq for row in waiting.oldest()]

    def take(self, count: int) -> list[Outgoing]:
        """The session takes so many."""
        return self.waiting.take(count, False)
