"""One outbox with everybody around it: who publishes, the session, the clock, and who is told of endings."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from holdfast.messages import NORMAL, Outgoing, QoS
from holdfast.outbox import Outbox
from holdfast.protocol import Assigned, Deferred, Failed, Parked, Record, Settled
from holdfast.testing.manual_clock import ManualClock
from tests.contracts.outboxes import wait

REFUSED = 0x97
TOO_LARGE = 0x95


class Bench:
    """Rows are known by their sequence numbers, which count from 1."""

    def __init__(self, build: Callable[..., Outbox], folder: Path, options: dict[str, Any]) -> None:
        self.clock = ManualClock()
        self.outbox = build(folder, self.clock, **options)
        self.outbox.on_ended = self._note
        self.told: list[tuple[int, str, str]] = []
        self.taken: dict[int, Outgoing] = {}

    def _note(self, rows: list[Outgoing], ending: str, why: str) -> None:
        self.outbox.ledger()  # would wait for ever if it were told while the books are locked
        self.told += [(row.seq, ending, why) for row in rows]

    # -- who publishes -----------------------------------------------------------------------

    def row(
        self,
        topic: str = "t",
        qos: QoS = 1,
        priority: int = NORMAL,
        size: int = 1,
        expiry_s: float | None = None,
    ) -> Outgoing:
        expires_at = None if expiry_s is None else self.clock.now() + expiry_s
        return Outgoing(0, topic, bytes(size), qos, expires_at=expires_at, priority=priority)

    def rows(self, count: int, **options: Any) -> list[Outgoing]:
        return [self.row(**options) for _ in range(count)]

    def accept(self, *rows: Outgoing) -> list[int]:
        """Whatever room there is; durable."""
        wait(self.outbox, self.outbox.accept(list(rows)))
        return [row.seq for row in rows]

    def put(self, count: int = 1, **options: Any) -> list[int]:
        return self.accept(*self.rows(count, **options))

    def publish(self, *rows: Outgoing) -> bool:
        """As a client does: False where there is no room, and none can be made."""
        self.settle()
        if self.outbox.lacks(rows) is not None and not self.outbox.make_room(rows):
            return False
        self.accept(*rows)
        return True

    # -- the session -------------------------------------------------------------------------

    def take_once(self, room: int = 1000) -> list[int]:
        rows = self.outbox.take(room)
        self.taken.update((row.seq, row) for row in rows)
        return [row.seq for row in rows]

    def take(self, room: int = 1000) -> list[int]:
        """As an engine does: again, while there is room and something comes."""
        taken: list[int] = []
        while some := self.take_once(room):
            taken += some
            room -= sum(self.taken[seq].qos > 0 for seq in some)
        return taken

    def write(self, *records: Record) -> None:
        wait(self.outbox, self.outbox.write(records))

    def send(self, *seqs: int) -> None:
        """These, taken, are in flight."""
        self.write(Assigned([(seq, self.taken[seq]) for seq in seqs]))

    def acknowledge(self, *seqs: int) -> None:
        self.write(Settled([self.taken.pop(seq) for seq in seqs], "acknowledged"))

    def fail(self, seq: int) -> None:
        self.write(Failed(self.taken.pop(seq), REFUSED, ""))

    def defer(self, seq: int, seconds: float) -> None:
        row = self.taken.pop(seq)
        row.tries += 1
        self.write(Deferred(row, REFUSED, "", self.clock.now() + seconds))

    def park(self, *seqs: int) -> None:
        self.write(*(Parked(self.taken.pop(seq), TOO_LARGE, "") for seq in seqs))

    # -- time and books ----------------------------------------------------------------------

    def settle(self) -> None:
        """Whatever was handed over is durable."""
        wait(self.outbox, self.outbox.accept([]))
        wait(self.outbox, self.outbox.write([Assigned([])]))

    def sweep(self) -> float | None:
        """At this moment, until nothing is left to do at once; in how many seconds to look again."""
        self.settle()
        while True:
            now, before = self.clock.now(), len(self.told)
            at = self.outbox.sweep(now)
            if len(self.told) == before:
                return None if at is None else at - now

    def later(self, seconds: float) -> float | None:
        self.clock.advance(seconds)
        return self.sweep()

    def counts(self) -> dict[str, int]:
        """The books, but for what is zero."""
        ledger = self.outbox.ledger()
        names = ("accepted", "acknowledged", "sent", "failed", "expired", "dropped", "pending")
        return {name: getattr(ledger, name) for name in names if getattr(ledger, name)}

    def check(self) -> None:
        """Contract 7."""
        books = self.counts()
        accepted = books.pop("accepted", 0)
        assert accepted == sum(books.values())
