"""Rows on their way through an open file: accepted, taken, ended; the larger half of ``SqliteOutbox``.

What is accepted, and the records of the session, go to the writer in this order; the rows themselves
wait in the backlog meanwhile, so that they may leave before they are durable.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from threading import Lock

from holdfast.clock import Clock
from holdfast.messages import Outgoing
from holdfast.outbox.accounts import Accounts
from holdfast.outbox.backlog import Backlog
from holdfast.outbox.caretaker import Caretaker
from holdfast.outbox.changes import Change, Revived, Shed
from holdfast.outbox.commits import Commits
from holdfast.outbox.errands import Letter
from holdfast.outbox.interrupted import tell
from holdfast.outbox.overflow import SPARE, Overflow
from holdfast.outbox.ring import QOS0_RING, Ring
from holdfast.outbox.taking import TAKEN_BYTES
from holdfast.protocol import Deferred, Failed, Parked, Record, Settled
from holdfast.protocol.records import Ending

UNCOMMITTED_BYTES = 16 << 20
"""Handed over and not yet durable, at most, but for one group: only memory holds it."""


class Keeping:
    """Accepts on any thread, one call at a time, under ``accepting``; all else is the engine's."""

    def __init__(self, clock: Clock, overflow: Overflow, keep_qos0: bool, qos0_messages: int) -> None:
        self._clock = clock
        self._overflow = overflow
        self._ring = Ring(qos0_messages)
        self._books = Accounts(keep_qos0)
        self._writer: Commits | None = None
        self._backlog: Backlog
        self._caretaker: Caretaker
        self.accepting = Lock()
        self.last = 0
        self._counted = 0  # the newest in the books, where Ctrl-C asks
        self.draining = False
        self.on_ended: Callable[[list[Outgoing], Ending, str], None] = lambda rows, ending, why: None

    @property
    def durable(self) -> int:
        """The newest commit that happened."""
        return 0 if self._writer is None else self._writer.durable

    def _checked(self) -> Commits:
        """The writer, where rows may be accepted. Raises OutboxError."""
        raise NotImplementedError

    # -- accepting ---------------------------------------------------------------------------

    def lacks(self, rows: Sequence[Outgoing], spare: bool = False) -> int | None:
        """As in memory; also what the writer has yet to commit."""
        if self._ring_is_full(rows):
            return self._ring.limit
        return self._met(rows, SPARE if spare else 1.0) or (
            UNCOMMITTED_BYTES if self._is_behind(rows) else None
        )

    def _ring_is_full(self, rows: Sequence[Outgoing]) -> bool:
        return self.draining and self._ring.full and bool(self._books.new_volatile(rows))

    def _met(self, rows: Sequence[Outgoing], share: float = 1.0) -> int | None:
        size = sum([row.size for row in rows])
        books = self._books
        return self._overflow.met(books.file, len(rows), size, beside=books.volatile, share=share)

    def _is_behind(self, rows: Sequence[Outgoing]) -> bool:
        """Whether the writer has enough to do; while commits fail, that is said by ``accept``."""
        writer = self._writer
        if writer is None or writer.failure is not None or not writer.waiting:
            return False
        return writer.waiting + sum([row.size for row in rows]) > UNCOMMITTED_BYTES

    def make_room(self, rows: Sequence[Outgoing]) -> bool:
        """As the port has it; False too where it is the writer that has yet to commit."""
        self._checked()
        if self._ring_is_full(rows) or self._is_behind(rows):
            return False
        books = self._books
        dropped = self._overflow.make_room(self._backlog, books.file, rows, books.volatile)
        if dropped:
            self.give_up(dropped, "dropped", self._overflow.policy)
        return dropped is not None

    def accept(self, rows: Sequence[Outgoing]) -> int:
        """Number rows and hand them over; kept once ``durable`` has reached the number given.

        Raises OutboxError: after a fork, when closed, or while commits fail.
        """
        writer = self._checked()
        shed = self._overflow.sheds and self._met(rows) is not None
        self._number(rows)
        volatile = self._books.new_volatile(rows)
        kept = [row for row in rows if row.qos] if volatile else rows
        commit = self.durable
        if kept:
            commit = self._shed(kept) if shed else self._hand_over(writer, kept)
        if volatile:
            self._accept_volatile(volatile, shed)
        return commit

    def _number(self, rows: Sequence[Outgoing]) -> None:
        seq, now = self.last, self._clock.now()
        for row in rows:
            seq += 1
            row.seq, row.accepted_at = seq, now
        self.last = seq

    def _hand_over(self, writer: Commits, rows: Sequence[Outgoing]) -> int:
        size, commit = sum([row.size for row in rows]), None
        try:
            with self._backlog.lock:  # what the engine takes stands before its records
                try:
                    commit = writer.accept(rows, size)
                    self._backlog.hand_over(rows, commit)
                    self._caretaker.came(rows, commit)
                    self._books.file.accept(len(rows), size)  # nobody can take them before the lock is free
                    self._counted = rows[-1].seq
                except BaseException:
                    commit = self._complete(writer, rows, size)
                    raise
            return commit
        except KeyboardInterrupt as interrupt:
            tell(interrupt, commit)
            raise

    def _complete(self, writer: Commits, rows: Sequence[Outgoing], size: int) -> int | None:
        """Ctrl-C came in between. What the writer has is accepted, whatever else was left to do."""
        commit = writer.number_of(rows)
        if commit is not None:
            self._backlog.complete(rows, commit)
            self._caretaker.came(rows, commit)
            if self._counted < rows[-1].seq:
                self._books.file.accept(len(rows), size)
        return commit

    def _shed(self, rows: Sequence[Outgoing]) -> int:
        """Counted as accepted, and ended at once."""
        self._books.file.accept(len(rows), sum([row.size for row in rows]))
        self._books.end(rows, "dropped")
        commit = self.put_down([Shed(list(rows), "dropped")])
        self.on_ended(list(rows), "dropped", self._overflow.policy)
        return commit

    def _accept_volatile(self, rows: Sequence[Outgoing], shed: bool) -> None:
        books, fallen = self._books.volatile, rows
        if shed:
            books.accept(len(rows), sum([row.size for row in rows]))
        else:
            fallen = self._ring.accept(rows, self.draining, True, books)
        if fallen:
            self.give_up(fallen, "dropped", self._overflow.policy if shed else QOS0_RING)

    def revive(self, letters: Sequence[Letter], changes: Sequence[Change]) -> None:
        """Accept these rows, each a dead letter; write that down together with the changes."""
        rows = [row for _, row in letters]
        with self.accepting:
            self._number(rows)
            self._books.store(rows)
            self._books.file.accept(len(rows), sum([row.size for row in rows]))
            with self._backlog.lock:
                commit = self.put_down([Revived(list(letters)), *changes])
                self._backlog.hand_over(rows, commit)

    # -- the engine's ------------------------------------------------------------------------

    def take(self, room: int) -> list[Outgoing]:
        """As the port has it. None while all that waits is yet to be committed: ``on_durable`` follows."""
        volatile = self._books.volatile
        rows = self._ring.take(volatile.bytes_in - volatile.bytes_out > TAKEN_BYTES)
        if self._writer is None or self._writer.closing:
            return rows
        with self._backlog.lock:
            return rows + self._backlog.take_committed(room)

    def write(self, records: Sequence[Record]) -> int:
        """Book what ended, hand over what concerns the file, and set aside what may not go."""
        kept: list[Change] = []
        aside: list[Deferred | Parked] = []
        for record in records:
            if isinstance(record, Settled):
                rows = self._books.end(record.rows, record.ending)
                if rows:
                    kept.append(record if len(rows) == len(record.rows) else Settled(rows, record.ending))
            elif isinstance(record, Failed):
                if self._books.end([record.row], "failed"):
                    kept.append(record)
            elif isinstance(record, Deferred | Parked) and self._books.is_volatile(record.row):
                self.give_up([record.row], "dropped", QOS0_RING)
            else:
                kept.append(record)
                if isinstance(record, Deferred | Parked):
                    aside.append(record)
        commit = self.put_down(kept)
        if aside:
            self._set_aside(aside, commit)
        return commit

    def _set_aside(self, records: Sequence[Deferred | Parked], commit: int) -> None:
        with self._backlog.lock:
            self._caretaker.came([record.row for record in records], commit)
            for record in records:
                if isinstance(record, Deferred):
                    self._backlog.defer(record.row, record.until)
                else:
                    self._backlog.park(record.row)

    def put_down(self, changes: Sequence[Change]) -> int:
        """Write these down; gives the number of the commit."""
        return 0 if self._writer is None else self._writer.write(changes)

    def give_up(self, rows: Sequence[Outgoing], ending: Ending, why: str) -> None:
        """These, taken out of what waits, have ended."""
        kept = self._books.end(rows, ending)
        if kept:
            self.put_down([Settled(kept, ending)])
        self.on_ended(list(rows), ending, why)
