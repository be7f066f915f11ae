"""The books of every outbox, under any sequence of calls (promise 2, contract 7, 8, 9)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from holdfast.messages import Outgoing, QoS
from holdfast.outbox import Outbox, backlog
from holdfast.protocol import Assigned, Failed, Settled
from tests.contracts.bench import Bench
from tests.contracts.model import Model
from tests.contracts.outboxes import BUILD, RING

MESSAGES = 14
BYTES = 5000
MAX_AGE_S = 100

POLICIES = ("wait", "drop_oldest", "drop_newest", "drop_lowest_priority", "latest_per_topic")

ROW = st.tuples(
    st.sampled_from([0, 1, 1, 2]),
    st.integers(0, 2),
    st.integers(0, 2),
    st.integers(0, 900),
    st.sampled_from([None, None, 10.0, 50.0]),
)
"""QoS, priority, topic, size, expiry."""


class Books(RuleBasedStateMachine):
    """Any sequence of calls against a model that is nothing but lists."""

    build: Callable[..., Outbox]

    @initialize(policy=st.sampled_from(POLICIES), hold=st.booleans())
    def begin(self, policy: str, hold: bool) -> None:
        self.folder = TemporaryDirectory()
        options = {
            "overflow": policy,
            "hold_class": hold,
            "max_messages": MESSAGES,
            "max_bytes": BYTES,
            "max_age_s": MAX_AGE_S,
            "qos0_messages": RING,
        }
        self.desk = Bench(self.build, Path(self.folder.name), options)
        self.outbox = self.desk.outbox
        self.model = Model(policy, hold, MESSAGES, BYTES, RING)

    def teardown(self) -> None:
        if hasattr(self, "desk"):
            assert self.outbox.close(10)
            self.folder.cleanup()

    def told(self) -> list[tuple[int, str, str]]:
        """What was told since."""
        told, self.desk.told[:] = self.desk.told.copy(), []
        return told

    # -- who publishes -----------------------------------------------------------------------

    @rule(group=st.lists(ROW, min_size=1, max_size=6))
    def publish(self, group: list[tuple[QoS, int, int, int, float | None]]) -> None:
        rows = [
            self.desk.row(f"{priority}/{topic}", qos, priority, size, expiry_s)
            for qos, priority, topic, size, expiry_s in group
        ]
        self.desk.settle()
        limit = self.model.lacks(rows)
        assert self.outbox.lacks(rows) == limit
        made = limit is None or self.outbox.make_room(rows)
        dropped = self.told()
        if limit is not None:
            self.model.check_room(rows, made, [seq for seq, *_ in dropped])
        assert {tuple(how) for _, *how in dropped} <= {("dropped", self.model.policy)}
        if made:
            shed = limit is not None and self.model.policy == "drop_newest"
            seqs = self.desk.accept(*rows)
            assert seqs == list(range(seqs[0], seqs[0] + len(rows)))
            fell = self.model.accept(rows, shed)
            assert sorted(self.told()) == sorted(fell)

    @rule(connected=st.booleans())
    def connect(self, connected: bool) -> None:
        self.outbox.draining = self.model.draining = connected

    # -- the session -------------------------------------------------------------------------

    @rule(room=st.integers(-1, 10))
    def take(self, room: int) -> None:
        self.desk.settle()
        before = set(self.desk.taken)
        self.desk.take(room)
        rows = [row for seq, row in self.desk.taken.items() if seq not in before]
        self.model.take(rows, room, self.desk.clock.now())

    @precondition(lambda self: self.model.flying)
    @rule(data=st.data(), ending=st.sampled_from(["acknowledged", "expired", "failed"]))
    def end(self, data: st.DataObject, ending: Any) -> None:
        row = self.drawn(data)
        if not row.qos and ending == "acknowledged":
            ending = "sent"
        failed = Failed(row, 0x97, "")
        self.outbox.write([failed if ending == "failed" else Settled([row], ending)])
        self.model.end(row, ending)

    def drawn(self, data: st.DataObject) -> Outgoing:
        """One of those with the session; it is there no more."""
        row = data.draw(st.sampled_from(sorted(self.model.flying.values(), key=lambda row: row.seq)))
        del self.model.flying[row.seq], self.desk.taken[row.seq]
        return row

    @precondition(lambda self: self.model.flying)
    @rule()
    def end_all(self) -> None:
        rows = list(self.model.flying.values())
        self.outbox.write([Assigned([(row.seq, row) for row in rows if row.qos])])
        for ending, qos0 in (("sent", True), ("acknowledged", False)):
            group = [row for row in rows if (row.qos == 0) is qos0]
            self.outbox.write([Settled(group, ending)])  # type: ignore[arg-type]
            for row in group:
                self.model.end(row, ending)
        self.model.flying.clear()
        self.desk.taken.clear()

    @precondition(lambda self: self.model.flying)
    @rule(data=st.data(), seconds=st.sampled_from([0.0, 5.0, 40.0]))
    def defer(self, data: st.DataObject, seconds: float) -> None:
        row = self.drawn(data)
        self.desk.taken[row.seq] = row
        self.desk.defer(row.seq, seconds)
        fell = self.model.defer(row, self.desk.clock.now() + seconds)
        assert self.told() == fell

    @precondition(lambda self: self.model.flying)
    @rule(data=st.data())
    def park(self, data: st.DataObject) -> None:
        row = self.drawn(data)
        self.desk.taken[row.seq] = row
        self.desk.park(row.seq)
        assert self.told() == self.model.park(row)

    @rule(odd=st.booleans())
    def unpark(self, odd: bool) -> None:
        self.desk.settle()
        self.outbox.unpark(lambda row: row.seq % 2 == odd)
        self.model.unpark(odd)

    # -- time --------------------------------------------------------------------------------

    @rule(seconds=st.sampled_from([0.0, 1.0, 10.0, 40.0, 100.0]))
    def sweep(self, seconds: float) -> None:
        self.desk.later(seconds)
        told, right = sorted(self.told()), sorted(self.model.sweep(self.desk.clock.now(), MAX_AGE_S))
        assert told == right

    @invariant()
    def every_message_is_in_one_place(self) -> None:
        if not hasattr(self, "model"):
            return
        ledger, model = self.outbox.ledger(), self.model
        assert {name: getattr(ledger, name) for name in model.ended} == model.ended
        pending = len(model.pending())
        assert (ledger.accepted, ledger.pending, self.outbox.pending) == (model.accepted, pending, pending)
        assert ledger.accepted == sum(model.ended.values()) + ledger.pending
        assert self.outbox.parked == len(model.parked)


@pytest.mark.parametrize("kind", [*BUILD, "spilling"])
def test_the_ledger_holds_at_every_moment(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Promise 2, contract 7: accepted = acknowledged + sent + failed + expired + dropped + pending."""
    if kind == "spilling":
        monkeypatch.setattr(backlog, "READY_ROWS", 2)
        monkeypatch.setattr(backlog, "BATCH_ROWS", 3)
    build = BUILD.get(kind, BUILD["sqlite"])
    machine = type(f"{kind}Books", (Books,), {"build": staticmethod(build)})
    run_state_machine_as_test(machine, settings=settings(max_examples=60, stateful_step_count=40))
