"""A file and its model, one process after the other: what they agree on, and how a commit may end."""

from __future__ import annotations

import sqlite3
from copy import deepcopy
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from holdfast.messages import HIGH, LOW, NORMAL, Outgoing
from holdfast.outbox import dead, requests, tables
from holdfast.outbox.keys import key_of, priority_of
from holdfast.outbox.opening import Opened, open_file
from holdfast.outbox.rows import RowCodec
from holdfast.outbox.store import Group, Store
from holdfast.outbox.tables import Books
from holdfast.outbox.timeline import Timeline
from holdfast.protocol import (
    EpochBegan,
    Restored,
)
from holdfast.testing.manual_clock import ManualClock
from tests.unit.outbox.model import Model


class OneFile(RuleBasedStateMachine):
    """A file, and how its processes end.

    ``kept`` is the model as committed, ``now`` with what the open ``group`` will do besides.
    """

    def __init__(self) -> None:
        super().__init__()
        self.folder = TemporaryDirectory()
        self.path = str(Path(self.folder.name) / "outbox.db")
        self.clock = ManualClock()
        self.seq = self.ids = 0
        self.kept = Model()
        self.stale = False  # restored, and no new epoch since
        self.made = self.clock.now()  # when outbox time began, on the clock of the session

    @initialize()
    def begin(self) -> None:
        """A process begins with what the model holds."""
        self.codec = RowCodec(Timeline(self.clock))
        self.opened: Opened = open_file(self.path, "gateway-7", None, "process", self.codec)
        assert (self.opened.set_aside, self.opened.mended) == (None, None)
        if self.stale:
            self.kept.begin_epoch(self.kept.epoch + 1)
        self.compare(self.opened.restored, self.opened.store.books)
        self.seq = self.opened.store.books.last  # what was not committed is given again
        self.group = Group(self.opened.store.books.commits + 1)
        self.now = deepcopy(self.kept)
        self.rows = {key_of(row): row for row in self.read(list(self.kept.rows))}

    def read(self, keys: list[int]) -> list[Outgoing]:
        return list(self.opened.queries.by_keys(keys))

    def compare(self, restored: Restored, books: Books) -> None:
        kept = self.kept
        for place, found in ((kept.sent, restored.sent), (kept.released, restored.released)):
            assert [(packet_id, key_of(row)) for packet_id, row in found] == list(place.items())
        assert (set(restored.received), set(restored.withheld)) == (kept.received, kept.withheld)
        assert (restored.epoch, restored.lost) == (kept.epoch, self.stale)
        assert {ending: getattr(books, ending) for ending in kept.ended} == kept.ended
        assert (books.accepted, books.accepted - books.ended) == (kept.accepted, len(kept.rows))
        self.compare_rows()
        reader = self.opened.reader
        assert {one.number: shown(one) for one in dead.read(reader)} == kept.dead
        assert {number: requests.answer_of(reader, number) for number in kept.answers} == kept.answers

    def compare_rows(self) -> None:
        kept, ask, ahead = self.kept, self.opened.queries, self.codec.timeline.ahead
        for priority in (LOW, NORMAL, HIGH):
            mine = sorted(key for key in kept.rows if priority_of(key) == priority)
            waiting = [key for key in mine if not kept.rows[key].parked]
            assert [key_of(row) for row in ask.waiting(priority)] == waiting
        assert ask.parked_keys() == sorted(key for key, row in kept.rows.items() if row.parked)
        for row in self.read(list(kept.rows)):
            one = kept.rows[key_of(row)]
            assert (row.seq, row.payload, row.qos) == (one.seq, one.payload, one.qos)
            assert (row.tries, row.uncertain) == (one.tries, one.uncertain)
            assert row.accepted_at + ahead == pytest.approx(one.accepted_at, abs=1e-3)

    def teardown(self) -> None:
        if hasattr(self, "opened"):
            self.opened.close()
            self.opened.lock.release()
        self.folder.cleanup()

    # -- what becomes of it --------------------------------------------------------------------

    @rule()
    def commit(self) -> None:
        self.opened.store.commit(self.group)
        self.committed()

    def committed(self) -> None:
        began = any(isinstance(record, EpochBegan) for record in self.group.records)
        self.stale = self.stale and not began
        self.kept = deepcopy(self.now)
        self.group = Group(self.group.number + 1)
        another = Store(self.path, "process", self.codec)  # what the next process would find
        another.open()
        self.compare(another.restored(), another.books)
        another.close()

    def fail_half_way(self) -> None:
        db = self.opened.store._db
        assert db is not None
        db.execute(
            "CREATE TEMP TRIGGER broken AFTER UPDATE OF at ON books BEGIN SELECT RAISE(ABORT, 'no'); END"
        )
        with pytest.raises(sqlite3.IntegrityError, match="no"):
            self.opened.store.commit(self.group)

    @rule()
    def commit_again(self) -> None:
        """The first attempt fails when all is written and nothing committed; the second is whole."""
        self.fail_half_way()
        self.opened.store.open()
        self.commit()

    @rule(seconds=st.floats(0, 1000))
    def let_time_pass(self, seconds: float) -> None:
        if not self.group.rows:  # those would have been accepted at another time
            self.clock.advance(seconds)

    @rule(half_way=st.booleans(), off_s=st.none() | st.floats(0, 1e6), restored=st.booleans())
    def end(self, half_way: bool, off_s: float | None, restored: bool) -> None:
        """The process ends, in a commit or between two; with the machine, or alone."""
        if half_way:
            self.fail_half_way()
        self.opened.close()
        self.opened.lock.release()
        if off_s is not None:
            self.reboot(off_s)
        if restored:
            self.restore()
        self.begin()

    def reboot(self, off_s: float) -> None:
        """What passed since the last commit counts, as the wall clock goes on."""
        age = self.clock.now() - self.made
        self.clock.reboot(off_s)
        self.made = self.clock.now() - age - off_s

    def restore(self) -> None:
        db = sqlite3.connect(self.path, isolation_level=None)
        tables.write_meta(db, restored="backup")
        db.close()
        self.stale = True


def shown(letter: dead.DeadLetter) -> tuple[Any, ...]:
    return letter.seq, letter.priority, letter.code, letter.reason, letter.tries
