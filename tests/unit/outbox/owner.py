"""An outbox whose file somebody at a console asks for something: what the tests of requests share."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from holdfast.messages import Outgoing
from holdfast.outbox import requests
from holdfast.outbox.errands import POLL_S
from holdfast.outbox.sweeping import SOON_S
from holdfast.protocol import Deferred, Failed, Parked
from holdfast.protocol.records import Ending
from holdfast.testing.manual_clock import ManualClock
from tests.unit.outbox.files import CLIENT_ID, accept, open_outbox, write
from tests.unit.outbox.holding import until


class Owner:
    """The outbox, driven by a session unless it is not to be, and what ended in it."""

    def __init__(self, path: Path, *, driven: bool = True, **options: Any) -> None:
        self.path = path
        self.clock = ManualClock()
        self.outbox = open_outbox(path, clock=self.clock, **options)
        self.ended: list[tuple[list[int], str, str]] = []
        self.outbox.on_ended = self._note
        if driven:
            self.outbox.restore()

    def _note(self, rows: list[Outgoing], ending: Ending, why: str) -> None:
        self.ended.append(([row.seq for row in rows], ending, why))

    def reopen(self) -> None:
        """Close the file, and open it again for the same session."""
        self.outbox.close()
        self.outbox.open(CLIENT_ID)

    def fail(self, count: int) -> None:
        """So many new dead letters."""
        accept(self.outbox, count)
        write(self.outbox, *[Failed(row, 0x97, "") for row in self.outbox.take(count)])

    def park(self, count: int) -> list[Outgoing]:
        """So many new rows are parked."""
        accept(self.outbox, count)
        rows: list[Outgoing] = []
        while len(rows) < count:
            rows += self.outbox.take(count - len(rows))
        write(self.outbox, *[Parked(row, 0x95, "") for row in rows])
        return rows

    def defer(self, after_s: float) -> Outgoing:
        """A new row is refused for so long."""
        accept(self.outbox, 1)
        (row,) = self.outbox.take(1)
        row.tries = 3
        write(self.outbox, Deferred(row, 0x97, "", self.clock.now() + after_s))
        return row

    # -- somebody at a console ---------------------------------------------------------------

    def ask(self, verb: str, ids: Sequence[int] | None = None) -> int:
        with closing(sqlite3.connect(self.path, isolation_level=None)) as db:
            return requests.ask(db, verb, ids)

    def answer(self, number: int) -> dict[str, Any] | None:
        with closing(sqlite3.connect(self.path)) as db:
            return requests.answer_of(db, number)

    def sweep(self) -> bool:
        """Look at the file once; whether there is more to do soon."""
        self.clock.advance(POLL_S)
        look = self.outbox.sweep(self.clock.now())
        return look is not None and look <= self.clock.now() + SOON_S

    def asked(self, verb: str, ids: Sequence[int] | None = None) -> dict[str, Any]:
        """Ask, sweep until it is done, and give the answer."""
        number = self.ask(verb, ids)
        while self.sweep():
            pass
        return self.answered(number)

    def answered(self, number: int) -> dict[str, Any]:
        """The answer, once it is committed."""
        until(lambda: self.answer(number))
        answer = self.answer(number)
        assert answer is not None
        return answer
