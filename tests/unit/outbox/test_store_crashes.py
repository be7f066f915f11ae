"""Commits of every record there is, in every class, against a model: closed, failing, or killed half-way.

The rows are those of the file alone: what memory makes of them is the claim of other suites.
"""

from __future__ import annotations

import sqlite3
from copy import deepcopy
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from holdfast.messages import HIGH, LOW, NORMAL, Outgoing, QoS
from holdfast.outbox import dead, requests, tables
from holdfast.outbox.changes import Answered, Buried, Unparked
from holdfast.outbox.keys import key_of, priority_of
from holdfast.outbox.opening import Opened, open_file
from holdfast.outbox.rows import RowCodec
from holdfast.outbox.store import Group, Store
from holdfast.outbox.tables import Books
from holdfast.outbox.timeline import Timeline
from holdfast.protocol import (
    Assigned,
    Deferred,
    EpochBegan,
    Failed,
    Forgotten,
    Parked,
    Received,
    Released,
    Restored,
    Settled,
)
from holdfast.testing.manual_clock import ManualClock
from tests.unit.outbox.model import Model

CODES = st.sampled_from([0x83, 0x87, 0x97])
COUNT = st.integers(1, 12)


class Commits(RuleBasedStateMachine):
    """One file. ``now`` is the model with what the open group will do, ``kept`` with what is committed."""

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

    # -- the open group ------------------------------------------------------------------------

    @rule(
        count=COUNT,
        qos=st.sampled_from([2, 1]),
        priority=st.sampled_from([NORMAL, LOW, HIGH]),
        at_once=st.booleans(),
    )
    def accept(self, count: int, qos: QoS, priority: int, at_once: bool) -> None:
        rows = [
            Outgoing(self.seq + n, f"t/{n}", bytes([n]), qos, priority=priority) for n in range(1, count + 1)
        ]
        for row in rows:
            row.accepted_at = self.clock.now()
        self.seq = self.group.last = self.seq + count
        self.group.rows += rows
        self.now.accept(rows, self.clock.now() - self.made)
        self.rows |= {key_of(row): row for row in rows}
        if at_once:
            self.send(rows)

    def send(self, rows: list[Outgoing]) -> None:
        self.write(Assigned(list(enumerate(rows, self.ids + 1))))
        self.ids += len(rows)

    def write(self, *records: Any) -> None:
        self.group.records += records
        for record in records:
            self.now.apply(record)

    def some(self, data: st.DataObject, keys: Any) -> list[Outgoing]:
        chosen = data.draw(st.lists(st.sampled_from(sorted(keys)), unique=True, min_size=1, max_size=12))
        return [self.rows[key] for key in chosen]

    def unsent(self) -> set[int]:
        return {key for key, row in self.now.rows.items() if not row.parked} - self.now.in_flight()

    @precondition(lambda self: self.unsent())
    @rule(data=st.data())
    def assign(self, data: st.DataObject) -> None:
        self.send(self.some(data, self.unsent()))

    def twos(self) -> set[int]:
        return {key for key in self.now.sent.values() if self.now.rows[key].qos == 2}

    @precondition(lambda self: self.twos())
    @rule(data=st.data())
    def release(self, data: st.DataObject) -> None:
        chosen = {key_of(row) for row in self.some(data, self.twos())}
        self.write(Released([packet_id for packet_id, key in self.now.sent.items() if key in chosen]))

    @precondition(lambda self: self.now.in_flight())
    @rule(data=st.data())
    def acknowledge(self, data: st.DataObject) -> None:
        self.write(Settled(self.some(data, self.now.in_flight()), "acknowledged"))

    @precondition(lambda self: len(self.now.rows) > 20)
    @rule(data=st.data(), ending=st.sampled_from(["expired", "dropped"]))
    def give_up(self, data: st.DataObject, ending: Any) -> None:
        left = set(self.now.rows) - self.now.in_flight()
        if left:
            self.write(Settled(self.some(data, left), ending))

    @precondition(lambda self: self.now.sent or self.unsent())
    @rule(data=st.data(), code=CODES, withheld=st.booleans())
    def fail(self, data: st.DataObject, code: int, withheld: bool) -> None:
        of = {key: packet_id for packet_id, key in self.now.sent.items()}
        for row in self.some(data, of or self.unsent()):
            self.write(Failed(row, code, f"no {row.seq}", of.get(key_of(row), 0) if withheld else 0))

    @precondition(lambda self: self.now.sent)
    @rule(data=st.data(), code=CODES)
    def defer(self, data: st.DataObject, code: int) -> None:
        for row in self.some(data, set(self.now.sent.values())):
            row.tries += 1
            self.write(Deferred(row, code, "", self.clock.now() + 5))

    @precondition(lambda self: self.unsent())
    @rule(data=st.data())
    def park(self, data: st.DataObject) -> None:
        self.write(*(Parked(row, 0x95, "too large") for row in self.some(data, self.unsent())))

    def parked(self) -> set[int]:
        return {key for key, row in self.now.rows.items() if row.parked}

    @precondition(lambda self: self.parked())
    @rule(data=st.data())
    def unpark(self, data: st.DataObject) -> None:
        self.write(Unparked(self.some(data, self.parked())))

    @precondition(lambda self: self.now.dead)
    @rule(data=st.data(), answered=st.booleans())
    def bury(self, data: st.DataObject, answered: bool) -> None:
        numbers = data.draw(st.lists(st.integers(1, self.now.died + 1), max_size=5))
        if answered:
            number = requests.ask(self.opened.reader, "deadletter purge", numbers)
            self.write(Buried(numbers), Answered(number, {"done": len(numbers)}))
        else:
            self.write(Buried(numbers))

    @rule(ids=st.lists(st.integers(1, 9), min_size=1, unique=True), forget=st.booleans())
    def receive(self, ids: list[int], forget: bool) -> None:
        self.write(Forgotten(ids) if forget else Received(ids))

    @precondition(lambda self: self.now.in_flight())
    @rule()
    def lose_the_session(self) -> None:
        self.write(EpochBegan(self.now.epoch + 1))

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
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(tables, "write_books", self.no_write)
            with pytest.raises(sqlite3.OperationalError):
                self.opened.store.commit(self.group)

    def no_write(self, db: sqlite3.Connection, books: Any) -> None:
        raise sqlite3.OperationalError("disk I/O error")

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


def test_a_file_holds_what_was_committed() -> None:
    """Contract 5, 7, 26, 27: rows, stages, ages, books, dead letters and answers, and nothing half."""
    run_state_machine_as_test(Commits, settings=settings(max_examples=60, stateful_step_count=60))
