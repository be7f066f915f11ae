"""The file against the model of what records mean, closed, reopened and killed at any point.

The model is the simulator's disk: what it holds after the records that were committed is what a
reopened file must restore (promise 1 to 4, contract 5, 7).
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from holdfast.messages import Outgoing, QoS
from holdfast.outbox.sqlite import SqliteOutbox
from holdfast.protocol import (
    Assigned,
    Completed,
    EpochBegan,
    Failed,
    Forgotten,
    GroupEntered,
    Received,
    Record,
    Released,
    Settled,
)
from holdfast.testing.simulator.disk import Disk
from tests.contracts.outboxes import wait
from tests.unit.outbox.changes import Change, apply, flat, told
from tests.unit.outbox.files import crash, open_outbox


class Crashes(RuleBasedStateMachine):
    """A session's life on one file, and on the model."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = TemporaryDirectory()
        self.copies = 0
        self.disk = Disk()
        self.log: list[tuple[int, Change]] = []  # what was handed over, with the number of its commit
        self.ids = 0
        self.path = Path(self.folder.name) / "outbox.db"
        self.begin()

    def begin(self) -> None:
        """A process begins: it finds what the model holds, and takes what is unsent again."""
        self.outbox: SqliteOutbox = open_outbox(self.path)
        restored = self.outbox.restore()
        assert flat(restored) == flat(self.disk.restored())
        assert (self.outbox.set_aside, self.outbox.mended) == (None, None)
        self.taken: list[Outgoing] = []  # with the session, unsent: what comes again when it dies
        self.sent = dict(restored.sent)
        self.released = dict(restored.released)
        self.copy_now()

    def teardown(self) -> None:
        self.outbox.close(10)
        self.folder.cleanup()

    # -- the application and the session ------------------------------------------------------

    @rule(count=st.integers(1, 20), qos=st.sampled_from([1, 2]), durable=st.booleans())
    def accept(self, count: int, qos: QoS, durable: bool) -> None:
        rows = [Outgoing(0, f"t/{n}", bytes([n]), qos) for n in range(count)]
        self.after(self.outbox.accept(rows), rows, durable)

    def after(self, commit: int, change: Change, durable: bool) -> None:
        self.log.append((commit, change))
        apply(self.disk, change)
        if durable:
            wait(self.outbox, commit)
            self.copy_now()

    def copy_now(self) -> None:
        """What a kill at this moment would leave."""
        self.copies += 1
        self.copy = crash(self.path, Path(self.folder.name) / str(self.copies))
        self.copied = self.outbox.durable

    def write(self, record: Record, durable: bool) -> None:
        self.after(self.outbox.write([record]), [record], durable)

    def wait_for_all(self) -> None:
        if self.log:
            wait(self.outbox, self.log[-1][0])

    @rule(room=st.integers(0, 30))
    def take(self, room: int) -> None:
        self.wait_for_all()  # what comes must not hang on which thread was faster
        self.taken += self.outbox.take(room)

    @precondition(lambda self: self.taken)
    @rule(count=st.integers(1, 30), durable=st.booleans())
    def assign(self, count: int, durable: bool) -> None:
        rows, self.taken = self.taken[:count], self.taken[count:]
        group = []
        for row in rows:
            self.ids = self.ids % 300 + 1
            while any(self.ids in used for used in self.in_use()):
                self.ids = self.ids % 300 + 1
            group.append((self.ids, row))
            self.sent[self.ids] = row
        self.write(Assigned(group), durable)

    def in_use(self) -> tuple[Collection[int], ...]:
        return self.sent, self.released, self.disk.withheld, self.disk.unreleased

    @precondition(lambda self: any(row.qos == 2 for row in self.sent.values()))
    @rule(data=st.data(), durable=st.booleans())
    def release(self, data: st.DataObject, durable: bool) -> None:
        twos = [packet_id for packet_id, row in self.sent.items() if row.qos == 2]
        chosen = data.draw(st.lists(st.sampled_from(twos), min_size=1, unique=True))
        for packet_id in chosen:
            self.released[packet_id] = self.sent.pop(packet_id)
        self.write(Released(chosen), durable)

    @rule(data=st.data(), durable=st.booleans())
    def acknowledge(self, data: st.DataObject, durable: bool) -> None:
        ones = [packet_id for packet_id, row in self.sent.items() if row.qos == 1]
        ripe = [*ones, *self.released]
        if ripe:
            chosen = data.draw(st.lists(st.sampled_from(ripe), min_size=1, unique=True))
            rows = [(self.sent if one in self.sent else self.released).pop(one) for one in chosen]
            self.write(Settled(rows, "acknowledged"), durable)

    @precondition(lambda self: self.taken)
    @rule(ending=st.sampled_from(["expired", "failed"]), durable=st.booleans())
    def end_unsent(self, ending: Any, durable: bool) -> None:
        row = self.taken.pop(0)
        self.write(Failed(row, 0x97, "") if ending == "failed" else Settled([row], ending), durable)

    @precondition(lambda self: self.sent)
    @rule(withheld=st.booleans(), durable=st.booleans())
    def refuse(self, withheld: bool, durable: bool) -> None:
        packet_id, row = self.sent.popitem()
        self.write(Failed(row, 0x95, "", packet_id if withheld else 0), durable)

    @rule(ids=st.lists(st.integers(1, 9), min_size=1, unique=True), durable=st.booleans())
    def receive(self, ids: list[int], durable: bool) -> None:
        self.write(Received(ids), durable)

    @rule(ids=st.lists(st.integers(1, 9), min_size=1, unique=True), durable=st.booleans())
    def forget(self, ids: list[int], durable: bool) -> None:
        self.write(Forgotten(ids), durable)

    @rule(durable=st.booleans())
    def lose_the_session(self, durable: bool) -> None:
        self.write(EpochBegan(self.disk.epoch + 1), durable)
        self.unsend()

    def unsend(self) -> None:
        flying = [*self.sent.values(), *self.released.values()]
        for row in flying:
            row.uncertain = row.uncertain or row.qos == 2  # as a session does
        rows = [*flying, *self.taken]
        self.taken = sorted(rows, key=lambda row: row.seq)
        self.sent, self.released = {}, {}

    @rule(group=st.sampled_from(["", "b", "c"]), known=st.booleans(), durable=st.booleans())
    def go_elsewhere(self, group: str, known: bool, durable: bool) -> None:
        if group == self.disk.group:
            return
        sent = [(packet_id, row.qos) for packet_id, row in self.sent.items()]
        ones, twos = ([packet_id for packet_id, qos in sent if qos == wanted] for wanted in (1, 2))
        left = [*self.disk.unreleased, *self.released, *twos]
        records: list[Record] = [GroupEntered(group, ones, left)]
        self.after(self.outbox.write(records), records, durable)
        self.unsend()
        if not known:
            self.write(EpochBegan(self.disk.epoch + 1), durable)

    @precondition(lambda self: self.disk.unreleased)
    @rule(durable=st.booleans())
    def complete(self, durable: bool) -> None:
        self.write(Completed([next(iter(self.disk.unreleased))]), durable)

    # -- its ends ----------------------------------------------------------------------------

    @rule()
    def close_and_open(self) -> None:
        assert self.outbox.close(10)
        self.begin()

    @rule()
    def kill(self) -> None:
        """What was told durable is there, and nothing of what was handed over later."""
        self.outbox.close(10)
        self.path = self.copy
        self.log = [(commit, change) for commit, change in self.log if commit <= self.copied]
        self.disk = Disk()
        for _, change in self.log:
            apply(self.disk, change)
        self.begin()

    @rule()
    def count_the_backlog(self) -> None:
        """Everything unsent comes, once, in accept order, with what the session has already."""
        self.wait_for_all()
        while some := self.outbox.take(1000):
            self.taken += some
        assert list(map(told, self.taken)) == list(map(told, self.disk.backlog()))

    @invariant()
    def the_books_balance(self) -> None:
        ledger = self.outbox.ledger()
        ended = list(self.disk.endings.values())
        assert (ledger.accepted, ledger.pending) == (self.disk.accepted, self.disk.pending())
        assert (ledger.acknowledged, ledger.failed, ledger.expired) == tuple(
            ended.count(ending) for ending in ("acknowledged", "failed", "expired")
        )


def test_a_file_restores_what_was_committed() -> None:
    """Promise 1, contract 5, 7: over any life, closed or killed, the file and the model agree."""
    run_state_machine_as_test(Crashes, settings=settings(max_examples=60, stateful_step_count=40))
