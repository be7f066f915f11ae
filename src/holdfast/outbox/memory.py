"""The outbox in memory: everything is durable at once, and gone with the process."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from math import inf
from os import urandom
from threading import Lock

from holdfast.clock import Clock
from holdfast.errors import OutboxError
from holdfast.messages import NORMAL, Outgoing
from holdfast.outbox import brokers
from holdfast.outbox.interrupted import put_in_line, tell
from holdfast.outbox.overflow import SPARE, Overflow, Policy
from holdfast.outbox.port import Ledger
from holdfast.outbox.ring import QOS0_RING, Ring
from holdfast.outbox.sweeping import EXPIRY, MAX_AGE, Expiring, next_look, take_out
from holdfast.outbox.taking import TAKEN_BYTES
from holdfast.outbox.tally import Tally
from holdfast.outbox.waiting import Fits, Waiting
from holdfast.protocol import Deferred, Failed, Parked, Record, Restored, Settled
from holdfast.protocol.records import Ending


class MemoryOutbox:
    """Bounded by bytes and, if wanted, by messages; QoS 0 in a ring of its own.

    Rows may be accepted, and room made for them, on any thread, one call at a time, under ``accepting``;
    everything else happens on the engine's.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        max_messages: int | None = None,
        max_bytes: int | None = 1 << 30,
        max_age_s: float | None = None,
        overflow: Policy = "wait",
        hold_class: bool = False,
        qos0_messages: int = 1000,
    ) -> None:
        self._clock = clock
        self._overflow = Overflow(overflow, max_messages, max_bytes)
        self._max_age_s = inf if max_age_s is None else max_age_s
        self._waiting = Waiting(clock, hold_class=hold_class, latest=self._overflow.latest())
        self._careful = self._overflow.sheds or self._waiting.latest is not None
        self._expiring = Expiring()
        self._ring = Ring(qos0_messages)
        self._tally = Tally()
        self._since = datetime.now(UTC)
        self.accepting = Lock()
        self.last = 0
        self.draining = False
        self.durable = 0
        self.failure: OutboxError | None = None
        self.set_aside: str | None = None
        self.mended: str | None = None
        self.intake: None = None
        self.names: list[str] = []
        self.on_durable: Callable[[], None] = lambda: None
        self.on_failed: Callable[[OutboxError | None], None] = lambda error: None
        self.on_ended: Callable[[list[Outgoing], Ending, str], None] = lambda rows, ending, why: None

    def open(self, client_id: str | None = None, groups: brokers.Groups = ()) -> str | None:
        """Nothing to open, and no client id kept."""
        self.names = brokers.names(groups, {})
        return client_id

    def restore(self) -> Restored:
        """Nothing but a place for packet identifiers to go on that an earlier process hardly used."""
        group = next(iter(self.names), "")
        return Restored(last_packet_id=int.from_bytes(urandom(2), "big") % 65_535, group=group)

    def adopt(self, rows: Sequence[Outgoing]) -> None:
        """Whoever took them has them still."""

    # -- accepting ---------------------------------------------------------------------------

    def lacks(self, rows: Sequence[Outgoing], spare: bool = False) -> int | None:
        """None when these fit, else the bound that is met.

        A group larger than the whole budget fits when it is alone. QoS 0 waits for room in its
        ring while there is a connection to empty it, and pushes the oldest out otherwise.
        """
        if self.draining and self._ring.full and not all(row.qos for row in rows):
            return self._ring.limit
        size = 0
        for row in rows:
            size += row.size
        return self._overflow.met(self._tally, len(rows), size, share=SPARE if spare else 1.0)

    def make_room(self, rows: Sequence[Outgoing]) -> bool:
        """As the port has it."""
        if self.draining and self._ring.full and not all(row.qos for row in rows):
            return False
        dropped = self._overflow.make_room(self._waiting, self._tally, rows)
        if dropped:
            self._give_up(dropped, "dropped", self._overflow.policy)
        return dropped is not None

    def accept(self, rows: Sequence[Outgoing]) -> int:
        """Number rows and take them in."""
        if not rows:
            return self.durable
        now, qos, count = self._clock.now(), rows[0].qos, len(rows)
        seq, size, odd = self.last, 0, self._careful
        for row in rows:
            seq += 1
            row.seq = seq
            row.accepted_at = now
            size += row.size
            if row.qos != qos or row.priority != NORMAL or row.expires_at is not None:
                odd = True
        self.last = seq
        if odd:
            self._accept_odd(rows, count, size)
        elif qos:
            self._tally.accepted += count  # first: what is taken is counted already; and without a call
            self._tally.bytes_in += size  # up to the next line's: Ctrl-C comes behind one
            try:
                self._waiting.incoming.append(rows)
            except KeyboardInterrupt as interrupt:
                tell(interrupt, self.durable)
                raise
        else:
            self._accept_volatile(rows, False)
        return self.durable

    def _accept_odd(self, rows: Sequence[Outgoing], count: int, size: int) -> None:
        """Of several classes, or with an expiry, or too many."""
        if self._overflow.sheds and self._overflow.met(self._tally, count, size) is not None:
            self._tally.accept(count, size)
            self._give_up(rows, "dropped", self._overflow.policy)
            return
        kept = [row for row in rows if row.qos]
        mixed = len(kept) < count
        if kept:
            put_in_line(self._waiting, self._expiring, self._tally, kept)
        if mixed:
            self._accept_volatile([row for row in rows if not row.qos], True)

    def _accept_volatile(self, rows: Sequence[Outgoing], expiring: bool) -> None:
        fallen = self._ring.accept(rows, self.draining, expiring, self._tally)
        if fallen:
            self._give_up(fallen, "dropped", QOS0_RING)

    def _give_up(self, rows: Sequence[Outgoing], ending: Ending, why: str) -> None:
        self._tally.end(rows, ending)
        self.on_ended(list(rows), ending, why)

    def begin(self) -> None:
        """Nothing to begin."""

    # -- the engine's ------------------------------------------------------------------------

    def take(self, room: int) -> list[Outgoing]:
        """The next unsent rows: QoS 0 first, which has no order against the others."""
        large = self._tally.bytes_in - self._tally.bytes_out > TAKEN_BYTES
        first = self._ring.take(large)
        rows = self._waiting.take(room, large)
        return first + rows if first else rows

    def write(self, records: Sequence[Record]) -> int:
        """Book what ended, and set aside what may not go; stages need no writing in memory."""
        for record in records:
            if isinstance(record, Settled):
                self._tally.end(record.rows, record.ending)
            elif isinstance(record, Failed):
                self._tally.end((record.row,), "failed")
            elif isinstance(record, (Deferred, Parked)):
                self._set_aside(record)
        return self.durable

    def _set_aside(self, record: Deferred | Parked) -> None:
        row = record.row
        if not row.qos:
            self._give_up((row,), "dropped", QOS0_RING)
            return
        with self._waiting.lock:
            self._waiting.settle()
            if isinstance(record, Deferred):
                self._waiting.defer(row, record.until)
            else:
                self._waiting.park(row)
            self._expiring.add((row,))

    def unpark(self, fits: Fits) -> None:
        """As the port has it."""
        with self._waiting.lock:
            self._waiting.settle()
            self._waiting.unpark(fits)

    def sweep(self, now: float) -> float | None:
        """As the port has it."""
        waiting, expiring, ring, before = self._waiting, self._expiring, self._ring, now - self._max_age_s
        with waiting.lock:
            waiting.settle()
            waiting.let_go(now)
            waiting.unpark_more()
            expired, aged = take_out(waiting, expiring.due(now), before)
            expiring.tidy(len(waiting), waiting.has)
            again = next_look(waiting, now, self._max_age_s, expiring.next_due, len(expired) + len(aged))
        volatile, old = ring.give_up(now, before)
        for rows, why in ((expired + volatile, EXPIRY), (aged + old, MAX_AGE)):
            if rows:
                self._give_up(rows, "expired", why)
        again = min(again, ring.next_look(now, self._max_age_s))
        return None if again == inf else again

    # -- the books ---------------------------------------------------------------------------

    @property
    def pending(self) -> int:
        """How many accepted messages have not ended."""
        return self._tally.pending

    @property
    def parked(self) -> int:
        """How many of them are parked."""
        return len(self._waiting.parked)

    @property
    def at_risk(self) -> int:
        """All that is pending."""
        return self.pending

    def ledger(self) -> Ledger:
        """The books."""
        ended = self._tally.ended()
        accepted = self._tally.accepted
        return Ledger(accepted=accepted, pending=accepted - sum(ended.values()), since=self._since, **ended)

    def close(self, timeout_s: float | None = None) -> bool:
        """Nothing to close."""
        return True
