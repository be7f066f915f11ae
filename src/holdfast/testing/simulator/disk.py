"""The outbox as it should survive a kill: committed records and nothing else (contract 5, 7).

A row is in exactly one place: ``unsent`` or ``parked`` (by sequence number), ``sent`` or ``released`` (by
packet identifier, in the order they came there), or it has ended. A record that fits no place is a
broken ledger.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from holdfast.messages import Outgoing
from holdfast.outbox.changes import Answered, Buried, Change, Revived, Shed, Unparked
from holdfast.outbox.store import Group
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
    Restored,
    Settled,
)
from holdfast.testing.simulator.places import GIVEN_UP, Places
from holdfast.testing.simulator.promises import Promise, PromiseBroken


class Disk(Places):
    """What every record does to the places of its rows."""

    def __init__(self) -> None:
        super().__init__()
        self._apply: dict[type, Callable[[Any], None]] = {
            Assigned: self._assigned,
            Released: self._released,
            Received: self._received,
            Forgotten: self._forgotten,
            EpochBegan: self._epoch_began,
            GroupEntered: self._group_entered,
            Completed: self._completed,
            Settled: self._settled,
            Failed: self._failed,
            Deferred: self._deferred,
            Parked: self._parked,
            Unparked: self._unparked,
            Shed: self._shed,
            Revived: self._revived,
            Buried: self._buried,
            Answered: self._answered,
        }

    def commit_group(self, group: Group) -> None:
        """A commit of the outbox has happened."""
        self.number = group.number
        for row in group.rows:
            self.accept(row)
        self.commit(group.records)

    def commit(self, records: Sequence[Change]) -> None:
        """Make these durable, in their order."""
        for record in records:
            self._apply[type(record)](record)

    # -- what a new process finds --------------------------------------------------------------

    def restored(self) -> Restored:
        """What is in flight: rows are read afresh, as objects of their own."""
        return Restored(
            epoch=self.epoch,
            sent=[(packet_id, self._copy(row)) for packet_id, row in self.sent.items()],
            released=[(packet_id, self._copy(row)) for packet_id, row in self.released.items()],
            received=list(self.received),
            withheld=list(self.withheld),
            last_packet_id=self.packet_id or 0,
            group=self.group,
            unreleased=list(self.unreleased),
            elsewhere=self.elsewhere,
        )

    def backlog(self) -> list[Outgoing]:
        """The unsent rows in the order accepted."""
        return [self._copy(self.unsent[seq]) for seq in sorted(self.unsent)]

    def aside(self) -> list[Outgoing]:
        """The parked rows in the order accepted."""
        return [self._copy(self.parked[seq]) for seq in sorted(self.parked)]

    def _copy(self, row: Outgoing) -> Outgoing:
        uncertain = row.seq in self.uncertain
        copied = Outgoing(
            row.seq, row.topic, row.payload, row.qos, row.retain, uncertain=uncertain, priority=row.priority
        )
        copied.tries = self.tries.get(row.seq, 0)
        return copied

    # -- records -------------------------------------------------------------------------------

    def _assigned(self, record: Assigned) -> None:
        for packet_id, row in record.rows:
            if row.seq not in self.unsent or packet_id in self.sent or packet_id in self.released:
                raise PromiseBroken(Promise.IDENTIFIER, f"{packet_id} was assigned to {row} again")
            del self.unsent[row.seq]
            self.sent[packet_id] = row
            self._stage[row.seq] = self.packet_id = packet_id

    def _released(self, record: Released) -> None:
        for packet_id in record.packet_ids:
            row = self.sent.pop(packet_id, None)
            if row is None:
                raise PromiseBroken(Promise.LEDGER, f"{record} for an identifier that is not in stage sent")
            self.released[packet_id] = row

    def _received(self, record: Received) -> None:
        self.received.update(dict.fromkeys(record.packet_ids))

    def _forgotten(self, record: Forgotten) -> None:
        for packet_id in record.packet_ids:
            self.received.pop(packet_id, None)

    def _epoch_began(self, record: EpochBegan) -> None:
        self._unsend()
        self.received, self.withheld, self.unreleased = {}, {}, {}
        self.epoch = record.number

    def _unsend(self) -> None:
        for row in (*self.sent.values(), *self.released.values()):
            self.unsent[row.seq] = row
            if row.qos == 2:
                self.uncertain.add(row.seq)
        self.sent, self.released, self._stage = {}, {}, {}

    def _group_entered(self, record: GroupEntered) -> None:
        self._unsend()
        known, here = dict(self.elsewhere), self.elsewhere.get(record.group, Elsewhere())
        known.pop(record.group, None)
        known[self.group] = Elsewhere(
            self.epoch, record.unanswered, record.unreleased, self.withheld, self.received
        )
        self.elsewhere, self.group, self.epoch = known, record.group, here.epoch
        self.received, self.withheld = dict.fromkeys(here.received), dict.fromkeys(here.withheld)
        self.unreleased = dict.fromkeys(here.unreleased)

    def _completed(self, record: Completed) -> None:
        for packet_id in record.packet_ids:
            if packet_id not in self.unreleased:
                raise PromiseBroken(Promise.LEDGER, f"{record} for an exchange that was not to be completed")
            del self.unreleased[packet_id]

    def _settled(self, record: Settled) -> None:
        for row in record.rows:
            given_up = record.ending in GIVEN_UP
            if given_up and row.seq not in self.unsent and row.seq not in self.parked:
                raise PromiseBroken(Promise.UNSENT_ONLY, f"row {row.seq} {record.ending}, not unsent")
            self.end(row.seq, record.ending)

    def _failed(self, record: Failed) -> None:
        self.end(record.row.seq, "failed")
        self.letter += 1
        self.letters[self.letter] = record.row.payload
        if record.withheld:
            self.withheld[record.withheld] = None

    def _deferred(self, record: Deferred) -> None:
        self.unsent[record.row.seq] = self._back(record)

    def _parked(self, record: Parked) -> None:
        self.parked[record.row.seq] = self._back(record)

    def _back(self, record: Deferred | Parked) -> Outgoing:
        """The row, taken from the place where it was."""
        seq = record.row.seq
        row = self.sent.pop(self._stage.pop(seq, 0), None) or self.unsent.pop(seq, None)
        if row is None:
            raise PromiseBroken(Promise.LEDGER, f"{record}, and the row is neither unsent nor sent")
        self.tries[seq] = record.row.tries
        return row

    # -- what the outbox does by itself --------------------------------------------------------

    def _unparked(self, record: Unparked) -> None:
        for row in record.rows:
            self.unsent[row.seq] = self.parked.pop(row.seq)

    def _shed(self, record: Shed) -> None:
        for row in record.rows:
            self.accept(row)
            self.end(row.seq, record.ending)

    def _revived(self, record: Revived) -> None:
        for number, row in record.rows:
            self.accept(row)
            del self.letters[number]

    def _buried(self, record: Buried) -> None:
        for number in record.numbers:
            self.letters.pop(number, None)

    def _answered(self, record: Answered) -> None:
        """Whoever asked keeps account of that."""
