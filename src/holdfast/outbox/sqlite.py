"""The outbox in a SQLite file: what it accepted outlives the process (promise 1)."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime

from holdfast.clock import Clock
from holdfast.errors import OutboxError
from holdfast.messages import NORMAL, Outgoing
from holdfast.outbox import opening, sqlite_file
from holdfast.outbox.backlog import Backlog, receipts_of
from holdfast.outbox.commits import Commits
from holdfast.outbox.keys import seq_of
from holdfast.outbox.port import Ledger
from holdfast.outbox.reserve import Reserve
from holdfast.outbox.ring import QOS0_RING, Ring
from holdfast.outbox.rows import RowCodec
from holdfast.outbox.sqlite_file import Durability
from holdfast.outbox.tables import ENDINGS
from holdfast.outbox.timeline import Timeline
from holdfast.outbox.writer import Writer
from holdfast.protocol import Failed, Record, Restored, Settled
from holdfast.protocol.records import Ending

UNCOMMITTED_BYTES = 16 << 20
"""Handed over and not yet durable, at most, but for one group: only memory holds it."""


class SqliteOutbox:
    """One file, one process, one writer thread; an ``Outbox``.

    ``durability``: "power" survives a power cut, "process" a kill -9. Bounded by bytes and, if
    wanted, by messages. QoS 0 is in memory, in a ring, unless ``keep_qos0``. ``on_failed`` and
    ``on_durable`` are told on the writer's thread. The constructor opens nothing.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        clock: Clock,
        *,
        durability: Durability = "power",
        max_messages: int | None = None,
        max_bytes: int | None = 1 << 30,
        keep_qos0: bool = False,
        qos0_messages: int = 1000,
    ) -> None:
        self.path = sqlite_file.resolve(path)
        self._clock = clock
        self._codec = RowCodec(Timeline(clock))
        self._durability: Durability = durability
        self._max_messages = max_messages
        self._max_bytes = max_bytes
        self._keep_qos0 = keep_qos0
        self._ring = Ring(qos0_messages)
        self._backlog = Backlog(self._read, (), 0, 0)
        self._opened: opening.Opened | None = None
        self._writer: Commits | None = None
        self._make_writer: Callable[..., Commits] = Writer  # the simulator has one without a thread
        self._pid = 0
        self._before: int | None = None
        self._since = clock.wall()
        self._accepted = self._bytes_in = self._bytes_out = 0
        self._ended = dict.fromkeys(ENDINGS, 0)
        self.set_aside: str | None = None
        self.mended: str | None = None
        self.last = 0
        self.draining = False
        self.on_durable: Callable[[], None] = lambda: None
        self.on_failed: Callable[[OutboxError | None], None] = lambda error: None
        self.on_ended: Callable[[list[Outgoing], Ending, str], None] = lambda rows, ending, why: None

    # -- open and closed ---------------------------------------------------------------------

    def open(self, client_id: str | None = None, group: str | None = None) -> str:
        """Open or make the file for this client id; None: the one in it, or one made once.

        ``group`` names the brokers it is for; a file that was bound to none is bound to it.
        Gives the client id. Blocks. Raises OutboxError, OutboxLocked, OutboxUnwritable.
        """
        opened = opening.open_file(self.path, client_id, group, self._durability, self._codec)
        store, books, reserve = opened.store, opened.store.books, Reserve(self.path, self._max_bytes)
        self.set_aside, self.mended = opened.set_aside, opened.mended
        self._opened, self._pid, self._since = opened, os.getpid(), opened.created
        self.last = max(self.last, books.last)
        self._before = books.last if self._before is None else self._before
        self._accepted, self._bytes_in, self._bytes_out = books.accepted, opened.bytes, 0
        self._ended = {name: getattr(books, name) for name in ENDINGS}
        self._restored = opened.restored
        held = self._backlog.receipts()  # of an earlier opening
        self._backlog = Backlog(self._read, list(map(seq_of, store.flight)), books.last, books.commits)
        self._backlog.adopt(held)
        self._writer = self._make_writer(
            store, self.path, reserve, lambda: self.on_durable(), lambda error: self.on_failed(error)
        )
        return opened.client_id

    def restore(self) -> Restored:
        """What was in flight when the file was last used; rows as they stand in it."""
        return self._restored

    def adopt(self, rows: Sequence[Outgoing]) -> None:
        """As the port has it: rows of the file are read anew, those of the ring are there only here."""
        self._ring.give_back([row for row in rows if not self._in_file(row)])
        self._backlog.adopt(receipts_of(rows))
        for _, row in (*self._restored.sent, *self._restored.released):
            self._backlog.give_back(row)

    def close(self, timeout_s: float | None = None) -> bool:
        """As the port has it; what was not committed was never told durable."""
        opened, writer = self._opened, self._writer
        if opened is None or writer is None or self._pid != os.getpid():
            return True
        done = writer.close(timeout_s)
        if writer.ended:  # else it may still write: the file stays ours, and close() may be called again
            self._opened = None
            opened.reader.close()
            opened.lock.note(writer.durable)
            opened.lock.release()
        return done

    def _checked(self) -> Commits:
        writer = self._writer
        if self._opened is None or writer is None or writer.closing:
            raise OutboxError(f"{self.path} is not open", path=self.path)
        if self._pid != os.getpid():
            raise sqlite_file.forked(self.path, self._pid)
        if writer.failure is not None:
            raise writer.failure
        return writer

    # -- accepting ---------------------------------------------------------------------------

    def lacks(self, rows: Sequence[Outgoing]) -> int | None:
        """As in memory; also messages, and what the writer has yet to commit."""
        if self._volatile(rows) and self.draining and self._ring.full:
            return self._ring.limit
        size = sum([row.size for row in rows])
        held = self._bytes_in - self._bytes_out + self._ring.bytes
        if held and self._max_bytes is not None and held + size > self._max_bytes:
            return self._max_bytes
        kept = self._accepted - sum(self._ended.values())
        if kept and self._max_messages is not None and kept + len(rows) > self._max_messages:
            return self._max_messages
        writer = self._writer
        if writer is not None and writer.failure is None and writer.waiting:
            return None if writer.waiting + size <= UNCOMMITTED_BYTES else UNCOMMITTED_BYTES
        return None

    def _volatile(self, rows: Sequence[Outgoing]) -> bool:
        return bool(rows) and not rows[0].qos and not self._keep_qos0

    def accept(self, rows: Sequence[Outgoing]) -> int:
        """As the port has it. Raises OutboxError: after a fork, when closed, or while commits fail."""
        writer = self._checked()
        if not rows:
            return self.durable
        seq, now = self.last, self._clock.now()
        for row in rows:
            seq += 1
            row.seq, row.accepted_at = seq, now
        self.last = seq
        if self._volatile(rows):
            fallen = self._ring.accept(rows, self.draining)
            if fallen:
                self.on_ended(fallen, "dropped", QOS0_RING)
            return self.durable
        size = sum([row.size for row in rows])
        self._bytes_in += size
        self._accepted += len(rows)
        commit = writer.accept(rows, size)
        self._backlog.accept(rows, commit)  # only now: what the engine takes stands before its records
        return commit

    def begin(self) -> None:
        """Let what was accepted and written be committed; once per turn."""
        if self._writer is not None:
            self._writer.begin()

    @property
    def durable(self) -> int:
        """The newest commit that happened."""
        return 0 if self._writer is None else self._writer.durable

    @property
    def failure(self) -> OutboxError | None:
        """Why commits do not happen at present."""
        return None if self._writer is None else self._writer.failure

    # -- the engine's ------------------------------------------------------------------------

    def take(self, room: int) -> list[Outgoing]:
        """As the port has it. None while all that waits is yet to be committed: ``on_durable`` follows."""
        rows = self._ring.take()
        return rows if self._opened is None else rows + self._backlog.take(room, self.durable)

    def _read(self, after: int) -> Iterator[Outgoing]:
        assert self._opened is not None
        return self._opened.queries.waiting(NORMAL, after)

    def write(self, records: Sequence[Record]) -> int:
        """Book what ended, and hand over what concerns the file."""
        kept: list[Record] = []
        for record in records:
            if isinstance(record, Settled):
                rows = self._end(record.rows, record.ending)
                if rows:
                    kept.append(record if len(rows) == len(record.rows) else Settled(rows, record.ending))
            elif not isinstance(record, Failed) or self._end([record.row], "failed"):
                kept.append(record)
        return self.durable if self._writer is None else self._writer.write(kept)

    def _end(self, rows: list[Outgoing], ending: str) -> list[Outgoing]:
        """Book an ending; gives those of the rows that the file has."""
        kept = [row for row in rows if self._in_file(row)]
        self._ended[ending] += len(kept)
        self._bytes_out += sum([row.size for row in kept])
        if len(kept) < len(rows):
            self._ring.end([row for row in rows if not self._in_file(row)], ending)
        return kept

    def _in_file(self, row: Outgoing) -> bool:
        """QoS 0 too, where an earlier process kept it."""
        return bool(row.qos) or self._keep_qos0 or row.seq <= (self._before or 0)

    # -- the books ---------------------------------------------------------------------------

    @property
    def pending(self) -> int:
        """How many accepted messages have not ended, those of the ring included."""
        ended = sum(self._ended.values())  # first: who accepts meanwhile makes it more, never less
        return self._accepted - ended + self._ring.pending

    @property
    def at_risk(self) -> int:
        """How many of them would end with the process: those of the ring."""
        return self._ring.pending

    def ledger(self) -> Ledger:
        """The books of the file over its life, and those of the ring in this process."""
        ring, ring_accepted = self._ring.books()
        ended = {name: self._ended[name] + ring.get(name, 0) for name in ENDINGS}
        accepted = self._accepted + ring_accepted
        return Ledger(
            accepted=accepted,
            pending=accepted - sum(ended.values()),
            since=datetime.fromtimestamp(self._since, UTC),
            **ended,
        )
