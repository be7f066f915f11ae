"""The outbox in a SQLite file: what it accepted outlives the process (promise 1)."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Sequence
from functools import partial
from math import inf

from holdfast.clock import Clock
from holdfast.errors import OutboxError
from holdfast.messages import Outgoing
from holdfast.outbox import opening, sqlite_file
from holdfast.outbox.backlog import Backlog
from holdfast.outbox.brokers import Groups
from holdfast.outbox.caretaker import Caretaker
from holdfast.outbox.changes import Change
from holdfast.outbox.commits import Commits
from holdfast.outbox.dead import DeadLetter
from holdfast.outbox.errands import Errands
from holdfast.outbox.intake_file import FileIntake
from holdfast.outbox.keeping import Keeping
from holdfast.outbox.overflow import Overflow, Policy
from holdfast.outbox.port import Ledger
from holdfast.outbox.reserve import Reserve
from holdfast.outbox.rows import RowCodec
from holdfast.outbox.sight import Sight
from holdfast.outbox.slots import open_slot
from holdfast.outbox.sqlite_file import Durability
from holdfast.outbox.sweeping import EXPIRY, MAX_AGE
from holdfast.outbox.tally import ENDINGS, Tally
from holdfast.outbox.timeline import Timeline
from holdfast.outbox.waiting import Fits
from holdfast.outbox.writer import Writer
from holdfast.protocol import Restored


class SqliteOutbox(Keeping):
    """One file, one process, one writer thread; an ``Outbox``.

    ``durability``: "power" survives a power cut, "process" a kill -9. Bounded by bytes and, if
    wanted, by messages; what came in by ``max_held_bytes``. QoS 0 is in memory, in a ring, unless
    ``keep_qos0``. ``on_failed`` and ``on_durable`` are told on the writer's thread. The constructor opens
    nothing.

    A program without a client may open it, ``sweep`` once and close it: what is requested is done then.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        clock: Clock,
        *,
        durability: Durability = "power",
        max_messages: int | None = None,
        max_bytes: int | None = 1 << 30,
        max_age_s: float | None = None,
        overflow: Policy = "wait",
        hold_class: bool = False,
        keep_qos0: bool = False,
        qos0_messages: int = 1000,
        max_held_bytes: int | None = 1 << 30,
    ) -> None:
        super().__init__(clock, Overflow(overflow, max_messages, max_bytes), keep_qos0, qos0_messages)
        self.path = sqlite_file.resolve(path)
        self._codec = RowCodec(Timeline(clock))
        self._durability: Durability = durability
        self._max_bytes = max_bytes
        self._max_age_s = inf if max_age_s is None else max_age_s
        self._hold_class = hold_class
        self._opened: opening.Opened | None = None
        self._make_writer: Callable[..., Commits] = Writer  # the simulator has one without a thread
        self._pid = 0
        self._since = clock.wall()
        self._driven = False  # a session lives on it, and comes again and again
        self.set_aside: str | None = None
        self.mended: str | None = None
        self.intake = FileIntake(self._checked, lambda: self._writer, max_held_bytes)
        self.names: list[str] = []
        self.on_durable: Callable[[], None] = lambda: None
        self.on_failed: Callable[[OutboxError | None], None] = lambda error: None

    # -- open and closed ---------------------------------------------------------------------

    def open(self, client_id: str | None = None, groups: Groups = ()) -> str:
        """Open or make the file for this client id; None: the one in it, or one made once.

        ``groups`` are the brokers it is for; a file that was bound to none is bound to these. Of a path
        with ``{slot}`` the first that is free, and from then on the same. Gives the client id.
        Blocks. Raises OutboxError, OutboxLocked, OutboxUnwritable.
        """
        opened = open_slot(self.path, client_id, partial(self._open_file, groups))
        self.path = opened.path
        store, books, reserve = opened.store, opened.store.books, Reserve(self.path, self._max_bytes)
        store.on_left = self.intake.left
        self.set_aside, self.mended, self.names = opened.set_aside, opened.mended, opened.names
        self._pid, self._since = os.getpid(), opened.created
        self.last = max(self.last, books.last)
        ended = {name: getattr(books, name) for name in ENDINGS}
        self._books.begin(Tally(books.accepted, opened.bytes, ended), books.last)
        self._restored = opened.restored
        self._look_after(opened)
        self._opened = opened  # whole: other threads may ask meanwhile
        self._writer = self._make_writer(
            store, self.path, reserve, lambda: self.on_durable(), lambda error: self.on_failed(error)
        )
        return opened.client_id

    def _open_file(self, groups: Groups, path: str, client_id: str | None) -> opening.Opened:
        return opening.open_file(path, client_id, groups, self._durability, self._codec)

    def _look_after(self, opened: opening.Opened) -> None:
        try:
            self._wait_on(opened)
        except sqlite3.Error as error:
            opened.close()
            opened.lock.release()
            raise sqlite_file.unread(error, self.path) from error

    def _wait_on(self, opened: opening.Opened) -> None:
        queries, flying = opened.queries, set(opened.store.flight)
        self.intake.begin(opened.reader, self.path, opened.series, self._codec.timeline)
        latest = self._overflow.latest()
        if latest is not None:
            latest.know(entry for entry in queries.topics() if entry[1] not in flying)
        commit = opened.store.books.commits if self.last else 0
        self._backlog = backlog = Backlog(
            self._clock,
            queries,
            flying,
            commit,
            lambda: self.durable,
            self._hold_class,
            latest,
        )
        self._sight = Sight(self.path, opened.reader, lambda error: self.on_failed(error))
        backlog.unreadable = self._sight.failed
        errands = Errands(opened.reader, backlog, self._met, self.intake.fits)
        self._caretaker = Caretaker(self, backlog, queries, errands, self._codec.timeline, self._max_age_s)

    def restore(self) -> Restored:
        """What was in flight when the file was last used; rows as they stand in it."""
        self._driven = True
        return self._restored

    def adopt(self, rows: Sequence[Outgoing]) -> None:
        """As the port has it: rows of the file are read anew, those of the ring are there only here."""
        self._ring.give_back([row for row in rows if self._books.is_volatile(row)])

    def close(self, timeout_s: float | None = None) -> bool:
        """As the port has it; what was not committed was never told durable."""
        opened, writer = self._opened, self._writer
        if opened is None or writer is None or self._pid != os.getpid():
            return True
        done = writer.close(timeout_s)
        if writer.ended:  # else it may still write: the file stays ours, and close() may be called again
            self._opened = None
            with self._backlog.lock:
                opened.reader.close()
            self.intake.end()
            opened.lock.note(writer.durable)
            opened.lock.release()
        return done

    def _checked(self) -> Commits:
        writer = self._writer
        if self._opened is None or writer is None or writer.closing:
            raise OutboxError(f"{self.path} is not open", path=self.path)
        if self._pid != os.getpid():
            raise sqlite_file.forked(self.path, self._pid)
        if self.failure is not None:
            raise self.failure
        return writer

    @property
    def failure(self) -> OutboxError | None:
        """Why the file cannot be written, or read, at present."""
        return None if self._writer is None else self._writer.failure or self._sight.failure

    def begin(self) -> None:
        """Let what was accepted and written be committed; once per turn."""
        if self._writer is not None:
            self._writer.begin()

    # -- what waits --------------------------------------------------------------------------

    def unpark(self, fits: Fits) -> None:
        """As the port has it."""
        if self._opened is not None:
            self._caretaker.unpark(fits)

    def take_back(self, letters: Sequence[DeadLetter], changes: Sequence[Change]) -> None:
        """Keep these, which came in, again; write that down together with the changes."""
        self.intake.take_back(letters, changes)

    def sweep(self, now: float) -> float | None:
        """As the port has it; the file is looked at for requests twice a second."""
        writer = self._writer
        if self._opened is None or writer is None or writer.closing:
            return None
        self._sight.look()
        able = writer.failure is None and self._sight.failure is None
        look = self._caretaker.sweep(now, self.durable, self.last if able else None, not self._driven)
        for rows, why in zip(self._ring.give_up(now, now - self._max_age_s), (EXPIRY, MAX_AGE), strict=True):
            if rows:
                self.give_up(rows, "expired", why)
        self.begin()
        return min(look, self._ring.next_look(now, self._max_age_s))

    @property
    def parked(self) -> int:
        """How many messages are parked."""
        return len(self._backlog.parked) if self._opened is not None else 0

    # -- the books ---------------------------------------------------------------------------

    @property
    def pending(self) -> int:
        """How many accepted messages have not ended, those of the ring included."""
        return self._books.pending

    @property
    def at_risk(self) -> int:
        """How many of them would end with the process: those of the ring."""
        return self._books.volatile.pending

    def ledger(self) -> Ledger:
        """The books of the file over its life, and those of the ring in this process."""
        return self._books.ledger(self._since)
