"""The rows that wait, over a file: of each class the next few in memory, the rest where the file has them.

    accepted ──▶ line ──take──▶ the session           while all that waits fits in memory
    accepted ──▶ (spilled: only in the file)          once it does not
    file ──▶ line                                     in batches, as the session has room

Spilled rows are read when their commit has happened: a commit is visible whole and commits are in
accept order, so what the file shows is always a prefix of what was accepted. While something of a
class is spilled, its new rows are too: nothing overtakes (contract 8).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Container, Sequence
from contextlib import closing

from holdfast.clock import Clock
from holdfast.messages import Outgoing
from holdfast.outbox.aside import Parked
from holdfast.outbox.keys import key_of, priority_of, seq_of
from holdfast.outbox.latest import Latest
from holdfast.outbox.line import Line
from holdfast.outbox.queries import Queries
from holdfast.outbox.taking import TAKEN_BYTES
from holdfast.outbox.waiting import CLASSES, Waiting

READY_ROWS = 4000
READY_BYTES = 4 << 20
"""In memory at most, but for one group."""

BATCH_ROWS = 500
"""Read at once, or as many as ``TAKEN_BYTES``: a few milliseconds."""


class Spilled:
    """Of one class: the rows in memory are those up to ``cursor``, a sequence number.

    ``commit``: the newest with a row behind it; 0: there are none. ``barrier``: not to be read before
    this commit has happened, which brings back older rows.
    """

    __slots__ = ("barrier", "commit", "cursor")

    def __init__(self, commit: int) -> None:
        self.commit = commit
        self.barrier = self.cursor = 0


class Backlog(Waiting):
    """What ``Waiting`` is, and the committed rows behind it."""

    def __init__(
        self,
        clock: Clock,
        queries: Queries,
        flying: Collection[int],
        commit: int,
        durable: Callable[[], int],
        hold_class: bool = False,
        latest: Latest | None = None,
    ) -> None:
        """``commit`` wrote the newest row, 0: there is none; the rows of the keys ``flying`` are in flight.

        ``durable`` gives the newest commit that has happened.
        """
        super().__init__(clock, hold_class=hold_class, latest=latest)
        self.parked = Parked(self._read, queries.parked_keys())
        self._queries = queries
        self._durable = durable
        self._spilled = tuple(Spilled(commit) for _ in CLASSES)
        self._skip = set(flying)  # behind a cursor, and not spilled all the same
        self._bytes = 0  # of the rows in the lines
        self.absent: Container[int] = Absent(self)
        self.unreadable: Callable[[sqlite3.Error], None] = _fail
        """Is told that the file cannot be read at present; what waits there stays there."""

    # -- in and out --------------------------------------------------------------------------

    def hand_over(self, rows: Sequence[Outgoing], commit: int) -> None:
        """Accepted rows, and the commit they are in."""
        for line in self.lines:
            some = [row for row in rows if row.priority == line.priority]
            if some and not self._keep(line, some):
                self._spilled[line.priority].commit = commit
        if self.latest is not None:
            self.latest.add(rows)

    def complete(self, rows: Sequence[Outgoing], commit: int) -> None:
        """``hand_over`` of these was interrupted, wherever: do what is left of it."""
        for spilled in self._spilled:
            if spilled.commit:
                spilled.commit = max(spilled.commit, commit)
        self.hand_over([row for row in rows if not self.has(key_of(row))], commit)
        waiting = [row for line in self.lines for row in (*line.back, *line.rows) if row.seq not in line.gone]
        self._bytes = sum([row.size for row in waiting])
        self._qos0 = True  # or so: the next look says more
        self.look()

    def _keep(self, line: Line, rows: list[Outgoing]) -> bool:
        """Whether these fit into memory, and stand in their line now."""
        size, spilled = sum([row.size for row in rows]), self._spilled[line.priority]
        count = sum([len(one.rows) for one in self.lines]) + len(rows)
        if spilled.commit or self._bytes + size > READY_BYTES or count > READY_ROWS:
            return False
        self._bytes += size
        spilled.cursor = rows[-1].seq
        self._sort_in(line, rows)
        return True

    def take_committed(self, room: int) -> list[Outgoing]:
        """The next rows: at most ``room`` of QoS 1 and 2, and no more than make one good write."""
        if any(spilled.commit for spilled in self._spilled):
            room = min(room, BATCH_ROWS)  # no class goes short because others have more in memory
        for line in self.lines:
            if len(line) < max(1, room) and not line.held:
                self._more(line)
        rows = self._take(room, self._bytes > TAKEN_BYTES)
        self._bytes -= sum([row.size for row in rows])
        return rows

    def _more(self, line: Line) -> bool:
        """One batch from the file."""
        spilled = self._spilled[line.priority]
        durable, left = self._durable(), TAKEN_BYTES  # durable before it is read
        if not spilled.commit or spilled.barrier > durable:
            return False
        rows: list[Outgoing] = []
        try:
            with closing(self._queries.waiting(line.priority, spilled.cursor)) as found:
                for row in found:
                    spilled.cursor = row.seq
                    if key_of(row) in self._skip:
                        continue
                    rows.append(row)
                    left -= row.size
                    if len(rows) >= BATCH_ROWS or left <= 0:
                        break
                else:
                    self._all_read(spilled, durable)
        except sqlite3.Error as error:
            self.unreadable(error)
        self._bytes += TAKEN_BYTES - left
        self._sort_in(line, rows)
        return bool(rows)

    def _all_read(self, spilled: Spilled, durable: int) -> None:
        """Whatever this class had in the file is in memory, but for what is yet to be committed."""
        if spilled.commit <= durable:
            spilled.commit = 0
            self._skip = {key for key in self._skip if self._behind(key)}

    def _behind(self, key: int) -> bool:
        """Whether this key stands behind the cursor of its class."""
        return seq_of(key) > self._spilled[priority_of(key)].cursor

    # -- out of the line, and back -----------------------------------------------------------

    def come_back(self, rows: Sequence[Outgoing]) -> None:
        """As ``Waiting`` has it; in the file they look as if they were spilled."""
        self._bytes += sum([row.size for row in rows])
        self._skip.update(filter(self._behind, map(key_of, rows)))
        super().come_back(rows)

    def _unparked(self, rows: Sequence[Outgoing]) -> None:
        """Those of which the class has come so far are in memory again; the others will be read."""
        self.come_back([row for row in rows if not self._behind(key_of(row))])
        self._skip.difference_update(map(key_of, rows))

    def unparked(self, rows: Sequence[Outgoing], commit: int) -> None:
        """This commit says so of the rows that ``unpark`` and ``unpark_more`` gave."""
        for row in rows:
            if self._behind(key_of(row)):
                spilled = self._spilled[row.priority]
                spilled.commit = max(spilled.commit, commit)
                spilled.barrier = commit

    # -- single rows -------------------------------------------------------------------------

    def find(self, key: int) -> Outgoing | None:
        """As ``Waiting`` has it, where its commit has happened."""
        return super().find(key) or (self._read(key) if self._is_spilled(key) else None)

    def has(self, key: int) -> bool:
        """As ``Waiting`` has it, of a key that was given."""
        return super().has(key) or self._is_spilled(key)

    def pull(self, key: int) -> Outgoing | None:
        """As ``Waiting`` has it, where its commit has happened."""
        line = self.lines[priority_of(key)]
        count = len(line)
        row = super().pull(key)
        if row is not None:
            self._bytes -= row.size if len(line) < count else 0
            if self._behind(key):  # a parked one, which the file has until its ending is committed
                self._skip.add(key)
        elif self._is_spilled(key) and (row := self._read(key)) is not None:
            self._skip.add(key)
            self._pulled(row)
        return row

    def _is_spilled(self, key: int) -> bool:
        spilled = self._spilled[priority_of(key)]
        return (
            spilled.commit > 0
            and seq_of(key) > spilled.cursor
            and key not in self._skip
            and key not in self.parked
        )

    def _read(self, key: int) -> Outgoing | None:
        try:
            with closing(self._queries.by_keys((key,))) as found:
                return next(found, None)
        except sqlite3.Error as error:
            self.unreadable(error)
        return None

    def broken(self) -> list[Outgoing]:
        """What is left of rows that were found to be unreadable: they wait no more."""
        keys, self._queries.broken = sorted(self._queries.broken - self._skip), set()
        self._skip.update(keys)
        for key in filter(self.parked.__contains__, keys):
            self.parked.discard(key)
        return [Outgoing(seq_of(key), "", b"", priority=priority_of(key)) for key in keys]


def _fail(error: sqlite3.Error) -> None:
    raise error


class Absent:
    """The keys of rows that do not wait: in flight, or ended and not yet deleted."""

    def __init__(self, backlog: Backlog) -> None:
        self._backlog = backlog

    def __contains__(self, key: object) -> bool:
        return isinstance(key, int) and not self._backlog.has(key)
