"""Commits of every record there is, in every class, against a model: closed, failing, or killed half-way.

The rows are those of the file alone: what memory makes of them is the claim of other suites.
"""

from __future__ import annotations

from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule, run_state_machine_as_test

from holdfast.messages import HIGH, LOW, NORMAL, Outgoing, QoS
from holdfast.outbox import requests
from holdfast.outbox.changes import Answered, Buried, Unparked
from holdfast.outbox.keys import key_of
from holdfast.protocol import (
    Assigned,
    Completed,
    Deferred,
    EpochBegan,
    Failed,
    Forgotten,
    GroupEntered,
    Parked,
    Received,
    Released,
    Settled,
)
from tests.unit.outbox.one_file import OneFile

CODES = st.sampled_from([0x83, 0x87, 0x97])
COUNT = st.integers(1, 12)
IDS = st.lists(st.integers(1, 20), unique=True, max_size=4)


class Commits(OneFile):
    """What may stand in a commit."""

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

    @precondition(lambda self: self.now.sent)
    @rule(data=st.data(), code=CODES, outcome=st.sampled_from(["deferred", "failed", "withheld"]))
    def refuse(self, data: st.DataObject, code: int, outcome: str) -> None:
        of = {key: packet_id for packet_id, key in self.now.sent.items()}
        for row in self.some(data, of):
            if outcome == "deferred":
                row.tries += 1
                self.write(Deferred(row, code, "", self.clock.now() + 5))
            else:
                self.write(
                    Failed(row, code, f"no {row.seq}", of[key_of(row)] if outcome == "withheld" else 0)
                )

    @precondition(lambda self: self.unsent())
    @rule(data=st.data())
    def fail(self, data: st.DataObject) -> None:
        self.write(*(Failed(row, 0x95, "") for row in self.some(data, self.unsent())))

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

    @precondition(lambda self: self.stale or self.now.in_flight())
    @rule()
    def lose_the_session(self) -> None:
        self.write(EpochBegan(self.now.epoch + 1))
        self.will_be_stale = False

    @rule(group=st.sampled_from(["", "b", "c"]), ones=IDS, twos=IDS, known=st.booleans())
    def go_elsewhere(self, group: str, ones: list[int], twos: list[int], known: bool) -> None:
        if group != self.now.group:
            record = GroupEntered(group, ones, twos)
            self.group.records.append(record)
            self.will_be_stale = self.now.group_entered(record, self.will_be_stale)
            if self.will_be_stale or not known:
                self.lose_the_session()

    @precondition(lambda self: self.now.unreleased)
    @rule(count=st.integers(1, 3))
    def complete(self, count: int) -> None:
        self.write(Completed(self.now.unreleased[:count]))


def test_a_file_holds_what_was_committed() -> None:
    """Contract 5, 7, 26, 27: rows, stages, ages, books, dead letters and answers, and nothing half."""
    run_state_machine_as_test(Commits, settings=settings(max_examples=80, stateful_step_count=60))
