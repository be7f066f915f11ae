"""Carrying out what another process asked for (see ``requests``), some rows at a time.

The file is looked at twice a second at most, and then only if somebody has committed to it since. The
answer is written down together with the last of what was done.
"""

from __future__ import annotations

import sqlite3
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import takewhile
from math import inf
from typing import Any

from holdfast.messages import Outgoing
from holdfast.outbox import dead, requests
from holdfast.outbox.backlog import Backlog
from holdfast.outbox.changes import Answered, Buried, Change
from holdfast.outbox.dead import DeadLetter
from holdfast.outbox.keys import BASE, key_of
from holdfast.outbox.requests import Request
from holdfast.outbox.sweeping import some
from holdfast.protocol import Deferred

POLL_S = 0.5

REVIVED_AT_ONCE = 50

Letter = tuple[int, Outgoing]
"""The number of a dead letter, and the row that it becomes."""


class Work:
    """Some of what a request asks for: what to write down, and rows that it purges, unparks or revives.

    ``returned``: dead letters that came in, and are kept again.
    """

    __slots__ = ("changes", "purged", "returned", "revived", "unparked")

    def __init__(self, *changes: Change) -> None:
        self.changes = list(changes)
        self.purged: list[Outgoing] = []
        self.unparked: list[Outgoing] = []
        self.revived: list[Letter] = []
        self.returned: list[DeadLetter] = []


Steps = Iterator[tuple[Work, dict[str, Any] | None]]
"""Work, and the answer with the last of it."""


class Errands:
    """The open requests of one file. Everything here happens inside ``backlog``."""

    def __init__(
        self,
        db: sqlite3.Connection,
        backlog: Backlog,
        met: Callable[[Sequence[Outgoing]], int | None],
        room: Callable[[Sequence[DeadLetter]], bool],
    ) -> None:
        """``met`` says which bound keeps new rows out, ``room`` whether what came in may be kept again."""
        self._db = db
        self._backlog = backlog
        self._met = met
        self._room = room
        self._version: int | None = None
        self._next_poll = -inf
        self._newest = 0  # the last request that was begun
        self._open: list[Request] = []
        self._steps: Steps | None = None
        self._number = 0
        self._taken = True
        self._verbs: dict[str, Callable[[list[int] | None], Steps]] = {
            "purge": self._purge,
            "retry": self._retry,
            "deadletter purge": self._bury,
            "deadletter retry": self._revive,
        }

    @property
    def busy(self) -> bool:
        """Whether a request is begun and not answered, or another is known."""
        return self._steps is not None or bool(self._open)

    def step(self, now: float, last: int, taken: bool) -> Work | None:
        """The next piece of work; None: nothing is asked for. ``last``: the number given last.

        ``taken``: somebody takes rows.
        """
        self._taken = taken
        if not self.busy:
            self._poll(now)
        if self._steps is None:
            if not self._open:
                return None
            self._begin(self._open.pop(0), last)
        assert self._steps is not None
        work, answer = next(self._steps)
        if answer is not None:
            work.changes.append(Answered(self._number, answer))
            self._steps = None
        return work

    def begin_again(self) -> None:
        """The file could not be read: whatever is not answered is begun from the beginning, later."""
        if self._steps is not None:
            self._newest = self._number - 1
        self._steps, self._open, self._version = None, [], None

    def _poll(self, now: float) -> None:
        if now < self._next_poll:
            return
        self._next_poll = now + POLL_S
        (version,) = self._db.execute("PRAGMA data_version").fetchone()
        if version != self._version:
            self._version = version
            found = requests.open_requests(self._db)  # those answered and not committed are open still
            self._open = [request for request in found if request.number > self._newest]

    def _begin(self, request: Request, last: int) -> None:
        self._number = self._newest = request.number
        self._last = last
        self._steps = self._verbs.get(request.verb, self._unknown)(request.ids)

    def _unknown(self, ids: list[int] | None) -> Steps:
        yield Work(), {"error": "this release of holdfast cannot do that"}

    # -- messages ----------------------------------------------------------------------------

    def _purge(self, ids: list[int] | None) -> Steps:
        keys = None if ids is None else _keys(ids)
        done = 0
        while found := self._some(keys):
            work = Work()
            work.purged = [row for row in found if self._backlog.pull(key_of(row)) is not None]
            done += len(work.purged)
            yield work, None
        yield Work(), {"done": done}

    def _some(self, keys: Iterator[int] | None) -> list[Outgoing]:
        """The next of these; None: of all that were accepted before the request was begun."""
        if keys is None:
            return some(takewhile(lambda row: row.seq <= self._last, self._backlog.oldest()))
        return some(row for row in map(self._backlog.find, keys) if row is not None)

    def _retry(self, ids: list[int] | None) -> Steps:
        deferred, parked = self._backlog.deferred, self._backlog.parked
        rows = deferred.pull_all(deferred.keys() if ids is None else _keys(ids))
        for row in rows:
            row.tries = 0
        self._backlog.come_back(rows)
        done = len(rows)
        yield Work(*[Deferred(row, 0, "", 0.0) for row in rows]), None
        keys = deque(parked.keys() if ids is None else _keys(ids))
        while keys:
            work = Work()
            work.unparked = self._backlog.bring_back(keys, lambda row: True, self._taken)
            done += len(work.unparked)
            yield work, None
        yield Work(), {"done": done}

    # -- dead letters ------------------------------------------------------------------------

    def _bury(self, ids: list[int] | None) -> Steps:
        numbers = self._letters(ids)
        yield Work(Buried(numbers)), {"done": len(numbers)}

    def _revive(self, ids: list[int] | None) -> Steps:
        numbers = self._letters(ids)
        came_in = dead.inward(self._db)
        parts = [*_parts(numbers, came_in, False), *_parts(numbers, came_in, True)]
        done = 0
        for part in parts:
            work, full = self._alive(list(dead.read(self._db, part)))
            if full is not None:
                said = f"the outbox is full{full}: {done} of {len(numbers)} were accepted again"
                yield Work(), {"error": said}
            done += len(part)
            yield work, {"done": done} if done == len(numbers) else None
        yield Work(), {"done": 0}

    def _alive(self, letters: Sequence[DeadLetter]) -> tuple[Work, str | None]:
        """All were to go out, or all came in; and which bound keeps them out."""
        work = Work()
        if letters[0].owner is not None:
            work.returned = list(letters)
            return work, None if self._room(letters) else ""
        work.revived = [(letter.number, _row(letter)) for letter in letters]
        limit = self._met([row for _, row in work.revived])
        return work, None if limit is None else f" ({limit})"

    def _letters(self, ids: list[int] | None) -> list[int]:
        there = dead.numbers(self._db)
        return there if ids is None else sorted(set(ids).intersection(there))


def _keys(seqs: Iterable[int]) -> Iterator[int]:
    """The keys that these sequence numbers may have."""
    return (seq + base for seq in dict.fromkeys(seqs) for base in BASE)


def _parts(numbers: list[int], came_in: set[int], wanted: bool) -> list[list[int]]:
    chosen = [number for number in numbers if (number in came_in) is wanted]
    return [chosen[place : place + REVIVED_AT_ONCE] for place in range(0, len(chosen), REVIVED_AT_ONCE)]


def _row(letter: DeadLetter) -> Outgoing:
    return Outgoing(
        0, letter.topic, letter.payload, letter.qos, letter.retain, letter.properties,
        priority=letter.priority,
    )  # fmt: skip
