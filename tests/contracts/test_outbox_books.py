"""The books of every outbox, under any sequence of calls (promise 2, contract 7)."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
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
from holdfast.protocol import Failed, Settled
from tests.contracts.outboxes import ADAPTERS, BUDGET, RING, Make, rows


class Books(RuleBasedStateMachine):
    """Any sequence of calls against a model that is nothing but lists."""

    make: Make

    def teardown(self) -> None:
        assert self.outbox.close(10)
        self.folder.cleanup()

    def __init__(self) -> None:
        super().__init__()
        self.folder = TemporaryDirectory()
        self.outbox = self.make(Path(self.folder.name))
        self.outbox.on_ended = self.dropped
        self.unsent: list[Outgoing] = []
        self.ring: list[Outgoing] = []
        self.flying: list[Outgoing] = []
        self.ended = {"acknowledged": 0, "sent": 0, "failed": 0, "expired": 0, "dropped": 0}
        self.accepted = 0

    def dropped(self, rows: list[Outgoing], ending: str, why: str) -> None:
        assert (ending, why) == ("dropped", "qos0_outbox")
        assert rows == self.ring[: len(rows)], "the oldest first"
        del self.ring[: len(rows)]
        self.ended["dropped"] += len(rows)

    @rule(count=st.integers(1, 8), qos=st.sampled_from([0, 1, 2]), size=st.integers(0, 900))
    def accept(self, count: int, qos: QoS, size: int) -> None:
        group = rows(count, qos, bytes(size))
        pending = self.unsent + self.ring + self.flying
        limit = self.outbox.lacks(group)
        if qos == 0 and self.outbox.draining and len(self.ring) >= RING:
            assert limit == RING
        elif pending and sum(row.size for row in pending + group) > BUDGET:
            assert limit == BUDGET
        else:
            assert limit is None
        if limit is None:
            self.accepted += count
            (self.unsent if qos else self.ring).extend(group)
            self.outbox.accept(group)

    @rule(room=st.integers(0, 10))
    def take(self, room: int) -> None:
        taken = self.outbox.take(room)
        assert [row for row in taken if not row.qos] == self.ring
        assert [row for row in taken if row.qos] == self.unsent[:room]
        self.ring.clear()
        del self.unsent[:room]
        self.flying += taken

    @precondition(lambda self: self.flying)
    @rule(data=st.data(), ending=st.sampled_from(["acknowledged", "expired", "failed"]))
    def end(self, data: st.DataObject, ending: Any) -> None:
        row = data.draw(st.sampled_from(self.flying))
        self.flying.remove(row)
        if not row.qos and ending == "acknowledged":
            ending = "sent"
        failed = Failed(row, 0x97, "")
        self.outbox.write([failed if ending == "failed" else Settled([row], ending)])
        self.ended[ending] += 1

    @precondition(lambda self: self.flying)
    @rule()
    def end_all(self) -> None:
        for ending, qos0 in (("sent", True), ("acknowledged", False)):
            group = [row for row in self.flying if (row.qos == 0) is qos0]
            self.outbox.write([Settled(group, ending)])  # type: ignore[arg-type]
            self.ended[ending] += len(group)
        self.flying.clear()

    @rule(connected=st.booleans())
    def connect(self, connected: bool) -> None:
        self.outbox.draining = connected

    @invariant()
    def every_message_is_in_one_place(self) -> None:
        ledger = self.outbox.ledger()
        pending = len(self.unsent) + len(self.ring) + len(self.flying)
        assert {name: getattr(ledger, name) for name in self.ended} == self.ended
        assert (ledger.accepted, ledger.pending, self.outbox.pending) == (self.accepted, pending, pending)
        assert ledger.accepted == sum(self.ended.values()) + ledger.pending


@pytest.mark.parametrize("adapter", ADAPTERS)
def test_the_ledger_holds_at_every_moment(adapter: str) -> None:
    """Promise 2, contract 7: accepted = acknowledged + sent + failed + expired + dropped + pending."""
    machine = type(f"{adapter}Books", (Books,), {"make": staticmethod(ADAPTERS[adapter])})
    run_state_machine_as_test(machine, settings=settings(max_examples=60, stateful_step_count=40))
