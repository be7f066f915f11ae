"""What a file should hold: the same records, in plain dictionaries."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from holdfast.messages import Outgoing
from holdfast.outbox.changes import Answered, Buried, Unparked
from holdfast.outbox.dead import sentence
from holdfast.outbox.keys import key_of
from holdfast.protocol import (
    Assigned,
    Completed,
    Deferred,
    Elsewhere,
    EpochBegan,
    Failed,
    Forgotten,
    GroupEntered,
    Parked,
    Received,
    Released,
    Settled,
)


class Kept:
    """A row as the file should have it."""

    def __init__(self, row: Outgoing, at: float) -> None:
        self.seq, self.payload, self.qos, self.accepted_at = row.seq, row.payload, row.qos, at
        self.tries, self.uncertain, self.parked = 0, False, ""


class Model:
    """Rows by key; those in flight also by packet identifier, in the order they came there."""

    def __init__(self) -> None:
        self.rows: dict[int, Kept] = {}
        self.sent: dict[int, int] = {}
        self.released: dict[int, int] = {}
        self.received: set[int] = set()
        self.withheld: set[int] = set()
        self.epoch = self.accepted = self.died = 0
        self.group = ""
        self.unreleased: list[int] = []
        self.elsewhere: dict[str, Elsewhere] = {}
        self.ended = dict.fromkeys(("acknowledged", "sent", "failed", "expired", "dropped"), 0)
        self.dead: dict[int, tuple[Any, ...]] = {}
        self.answers: dict[int, Any] = {}

    def accept(self, rows: Iterable[Outgoing], at: float) -> None:
        """These are kept, accepted at this outbox time."""
        for row in rows:
            self.rows[key_of(row)] = Kept(row, at)
            self.accepted += 1

    def apply(self, record: Any) -> None:
        """What the record says."""
        _MEANING[type(record)](self, record)

    def in_flight(self) -> set[int]:
        """The keys of rows that left and did not end."""
        return {*self.sent.values(), *self.released.values()}

    def assigned(self, record: Assigned) -> None:
        self.sent |= {packet_id: key_of(row) for packet_id, row in record.rows}

    def let_go(self, record: Released) -> None:
        self.released |= {packet_id: self.sent.pop(packet_id) for packet_id in record.packet_ids}

    def taken_in(self, record: Received) -> None:
        self.received |= set(record.packet_ids)

    def forgotten(self, record: Forgotten) -> None:
        self.received -= set(record.packet_ids)

    def epoch_began(self, record: EpochBegan) -> None:
        self.begin_epoch(record.number)

    def begin_epoch(self, number: int) -> None:
        """Nothing is in flight any more."""
        self.unsend()
        self.received, self.withheld, self.unreleased = set(), set(), []
        self.epoch = number

    def unsend(self) -> None:
        for key in self.in_flight():
            self.rows[key].uncertain = self.rows[key].uncertain or self.rows[key].qos == 2
        self.sent, self.released = {}, {}

    def distrust(self) -> None:
        """All sessions are stale: the present one is begun anew, the others will be."""
        self.begin_epoch(self.epoch + 1)
        self.elsewhere = {name: Elsewhere(one.epoch + 1, lost=True) for name, one in self.elsewhere.items()}

    def group_entered(self, record: GroupEntered, stale: bool) -> bool:
        """Gives whether the session there is stale."""
        self.unsend()
        here = self.elsewhere.pop(record.group, Elsewhere())
        held = sorted(self.withheld), sorted(self.received)
        self.elsewhere[self.group] = Elsewhere(
            self.epoch, record.unanswered, record.unreleased, *held, lost=stale
        )
        self.group, self.epoch, self.unreleased = record.group, here.epoch, here.unreleased
        self.withheld, self.received = set(here.withheld), set(here.received)
        return here.lost

    def completed(self, record: Completed) -> None:
        self.unreleased = [one for one in self.unreleased if one not in record.packet_ids]

    def settled(self, record: Settled) -> None:
        for row in record.rows:
            self.end(row, record.ending)

    def failed(self, record: Failed) -> None:
        self.died += 1
        reason = sentence(record.reason, record.detail)
        self.dead[self.died] = (record.row.seq, record.row.priority, record.reason, reason, record.row.tries)
        self.end(record.row, "failed")
        if record.withheld:
            self.withheld.add(record.withheld)

    def end(self, row: Outgoing, ending: str) -> None:
        self.ended[ending] += 1
        self.land(row)
        del self.rows[key_of(row)]

    def land(self, row: Outgoing) -> None:
        """In flight no more."""
        for place in (self.sent, self.released):
            for packet_id in [one for one, key in place.items() if key == key_of(row)]:
                del place[packet_id]

    def deferred(self, record: Deferred) -> None:
        self.land(record.row)
        self.rows[key_of(record.row)].tries = record.row.tries

    def put_aside(self, record: Parked) -> None:
        self.land(record.row)
        self.rows[key_of(record.row)].parked = sentence(record.reason, record.detail)

    def unparked(self, record: Unparked) -> None:
        for row in record.rows:
            self.rows[key_of(row)].parked = ""

    def buried(self, record: Buried) -> None:
        for number in record.numbers:
            self.dead.pop(number, None)

    def answered(self, record: Answered) -> None:
        self.answers[record.number] = record.answer


_MEANING: dict[type, Callable[[Model, Any], None]] = {
    Assigned: Model.assigned,
    Released: Model.let_go,
    Received: Model.taken_in,
    Forgotten: Model.forgotten,
    EpochBegan: Model.epoch_began,
    Completed: Model.completed,
    Settled: Model.settled,
    Failed: Model.failed,
    Deferred: Model.deferred,
    Parked: Model.put_aside,
    Unparked: Model.unparked,
    Buried: Model.buried,
    Answered: Model.answered,
}
