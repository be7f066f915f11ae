"""The rows that wait, by priority class, in accept order; who goes next (contract 8). See also ``backlog``.

accepted ──▶ line of its class ──take──▶ the session
               ▲ first of all              │
               │                           │ the broker refused it for now
            due ◀──────── deferred ◀───────┤
               │                           │ it cannot go to this broker
           unparked ◀────── parked ◀───────┘
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from heapq import merge
from operator import attrgetter
from threading import Lock
from typing import TYPE_CHECKING

from holdfast.messages import HIGH, LOW, NORMAL, Outgoing
from holdfast.outbox.aside import Parked
from holdfast.outbox.deferred import Deferred
from holdfast.outbox.keys import priority_of, seq_of
from holdfast.outbox.latest import Latest
from holdfast.outbox.line import Line
from holdfast.outbox.taking import Turns, first_of

if TYPE_CHECKING:
    from holdfast.clock import Clock

UNPARKED_AT_ONCE = 500
UNPARKED_BYTES = 4 << 20
"""Parked rows that are looked at, and come back, at once, about; more when these have gone."""

Fits = Callable[[Outgoing], bool]

CLASSES = (LOW, NORMAL, HIGH)

_seq = attrgetter("seq")


class Waiting:
    """Whatever is not with the session, and has not ended.

    Rows are accepted on any thread, one call at a time, and taken on another. Everything else is for
    whoever is inside ``with waiting.lock:``, one thread at a time, and has called ``settle()`` first.
    The statement is that of the lock itself: one of ours would leave it locked where Ctrl-C comes in it.
    """

    def __init__(self, clock: Clock, *, hold_class: bool = False, latest: Latest | None = None) -> None:
        """``latest`` is told which rows wait, where somebody wants to know that by topic."""
        self.lock = Lock()
        self.incoming: deque[Sequence[Outgoing]] = deque()
        """Groups of normal rows of QoS 1 and 2, as they were accepted: who accepts waits for nobody."""
        self.lines = (Line(LOW), Line(NORMAL), Line(HIGH))
        self.deferred = Deferred(hold_class)
        self.parked = Parked()
        self.latest = latest
        self._clock = clock
        self._turns = Turns(self.lines)
        self._usual = self.lines[NORMAL].rows
        self._qos0 = False  # some row may be of QoS 0
        self._plain = True  # rows of QoS 1 and 2 in the usual line, all of which may go; nothing deferred
        self.unparking: tuple[deque[int], Fits] | None = None  # the keys to look at, and what is looked for

    def __len__(self) -> int:
        """How many rows, parked ones included."""
        return sum(map(len, self.lines)) + len(self.deferred) + len(self.parked)

    # -- the usual way -----------------------------------------------------------------------

    def settle(self) -> None:
        """What was accepted stands in its line now."""
        incoming = self.incoming
        while incoming:
            group = incoming[0]
            del incoming[0]  # no call up to the next line's: Ctrl-C loses no group in between
            self._usual.extend(group)

    def accept(self, rows: Sequence[Outgoing]) -> None:
        """Rows of any class, and those of which ``latest`` must know."""
        for line in self.lines:
            self._sort_in(line, [row for row in rows if row.priority == line.priority])
        if self.latest is not None:
            self.latest.add(rows)

    def _sort_in(self, line: Line, rows: Sequence[Outgoing]) -> None:
        line.rows.extend(rows)
        self._qos0 = self._qos0 or not all(row.qos for row in rows)
        self.look()

    def look(self) -> None:
        """Whether the usual way is enough."""
        low, usual, high = self.lines
        self._plain = not (low or high or self._qos0 or self.deferred) and usual.plain

    def take(self, room: int, large: bool) -> list[Outgoing]:
        """The next rows: at most ``room`` of QoS 1 and 2. Not for inside.

        ``large``: that many might be more than one good write.
        """
        self.lock.acquire()  # half the cost of a with statement, once for each message
        try:
            return self._take(room, large)
        finally:
            self.lock.release()

    def _take(self, room: int, large: bool) -> list[Outgoing]:
        rows = self._take_usual(room, large) if self._plain else self._share(room)
        if self.latest is not None:
            self.latest.leave(rows)
        return rows

    def _take_usual(self, room: int, large: bool) -> list[Outgoing]:
        usual, incoming = self._usual, self.incoming
        if incoming:
            group = incoming.popleft()
            if not (incoming or usual or large) and len(group) <= room:
                return list(group)
            usual.extend(group)
            self.settle()
        return first_of(usual, room, large)

    def _share(self, room: int) -> list[Outgoing]:
        self.settle()
        if self.deferred:
            self.let_go(self._clock.now())
        rows = self._turns.take(room)
        self._qos0 = self._qos0 and any(self.lines)
        self.look()
        return rows

    # -- out of the line, and back -----------------------------------------------------------

    def defer(self, row: Outgoing, until: float) -> None:
        """The broker refused this row, which was taken: out of the line until then."""
        self.deferred.defer(row, until)
        self._left_the_session(row)

    def park(self, row: Outgoing) -> None:
        """This row, which was taken, cannot go to this broker: out of the line until ``unpark``."""
        self.parked.add(row)
        self._left_the_session(row)

    def _left_the_session(self, row: Outgoing) -> None:
        if self.latest is not None:
            self.latest.add((row,))
        self._hold()

    def _hold(self) -> None:
        for line in self.lines:
            line.held = self.deferred.holds(line.priority)
        self.look()

    def let_go(self, now: float) -> None:
        """Deferred rows that are due go first in their class."""
        self.come_back(self.deferred.due(now))

    def come_back(self, rows: Sequence[Outgoing]) -> None:
        """These, out of the line no more, go first in their class."""
        for line in self.lines:
            some = [row for row in rows if row.priority == line.priority]
            if some:
                line.come_back(some)
        self._hold()

    def unpark(self, fits: Fits) -> list[Outgoing]:
        """From now on parked rows that fit go first in their class; gives the first of them."""
        self.unparking = deque(self.parked.keys()), fits
        return self.unpark_more()

    def unpark_more(self) -> list[Outgoing]:
        """More of the parked rows that fit; none are left when ``unparking`` is None."""
        if self.unparking is None:
            return []
        rows = self.bring_back(*self.unparking)
        if not self.unparking[0]:
            self.unparking = None
        return rows

    def bring_back(self, keys: deque[int], fits: Fits, taken: bool = True) -> list[Outgoing]:
        """Unpark the first rows under these keys that fit; those looked at are gone from ``keys``.

        ``taken``: somebody takes rows, so that there is no hurry while enough have come back.
        """
        rows, looked, left = list[Outgoing](), 0, UNPARKED_BYTES
        if taken and any(len(line.back) >= UNPARKED_AT_ONCE for line in self.lines):
            return rows
        while keys and looked < UNPARKED_AT_ONCE and left > 0:
            row = self.parked.find(keys[0])
            if row is None and keys[0] in self.parked:
                break  # it can be read soon
            key = keys.popleft()
            looked += 1
            if row is not None and fits(row):
                self.parked.discard(key)
                rows.append(row)
                left -= row.size
        self._unparked(rows)
        return rows

    def _unparked(self, rows: Sequence[Outgoing]) -> None:
        self.come_back(rows)

    # -- single rows -------------------------------------------------------------------------

    def oldest(self, classes: Iterable[int] = CLASSES) -> Iterator[Outgoing]:
        """The rows of these classes, oldest first, those out of the line too. None may leave meanwhile."""
        ways: list[Iterator[Outgoing]] = []
        for priority in classes:
            ways += [self.deferred.of(priority), self.parked.of(priority), self._in_line(priority)]
        return merge(*ways, key=_seq)

    def _in_line(self, priority: int) -> Iterator[Outgoing]:
        line, place = self.lines[priority], 0
        line.tidy()
        yield from line.back
        while place < len(line.rows) or self._more(line):
            if line.rows[place].seq not in line.gone:
                yield line.rows[place]
            place += 1

    def _more(self, line: Line) -> bool:
        """Get more rows of this class into memory; False: there are none."""
        return False

    def find(self, key: int) -> Outgoing | None:
        """The row under this key, if it waits."""
        line = self.lines[priority_of(key)]
        return line.find(seq_of(key)) or self.deferred.find(key) or self.parked.find(key)

    def has(self, key: int) -> bool:
        """Whether a row waits under this key."""
        line = self.lines[priority_of(key)]
        return key in self.parked or key in self.deferred or line.find(seq_of(key)) is not None

    def pull(self, key: int) -> Outgoing | None:
        """Take out the row under this key, if it waits: it ends."""
        line = self.lines[priority_of(key)]
        row = line.pull(seq_of(key)) or self.deferred.pull(key) or self.parked.pull(key)
        if row is not None:
            self._pulled(row)
        return row

    def _pulled(self, row: Outgoing) -> None:
        if self.latest is not None:
            self.latest.leave((row,))
        self._hold()
