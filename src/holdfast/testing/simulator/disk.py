"""The outbox as it should survive a kill: committed records and nothing else (contract 5, 7).

A row is in exactly one place: ``unsent`` or ``parked`` (by sequence number), ``sent`` or ``released`` (by
packet identifier, in the order they came there), or it has ended. A record that fits no place is a
broken ledger.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import copy
from typing import Any

from holdfast.messages import Outgoing
from holdfast.outbox.changes import Change, Unparked
from holdfast.outbox.store import Group
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
from holdfast.testing.simulator.promises import Promise, PromiseBroken

_WAITING = ("unsent", "parked")
_GIVEN_UP = ("expired", "dropped")

# How a row may end: the ending, the place it ends from, its QoS.
_ENDS = {
    ("sent", "unsent", 0),
    ("acknowledged", "sent", 1),
    ("acknowledged", "released", 2),
    *((ending, place, qos) for ending in _GIVEN_UP for place in _WAITING for qos in (0, 1, 2)),
    *(("failed", place, qos) for place in ("unsent", "sent") for qos in (0, 1, 2)),
}


State = dict[str, Any]
"""All that a ``Disk`` knows, as it was at one moment."""

_KNOWN = (
    *("number", "last", "accepted", "endings", "unsent", "parked", "sent", "released", "received"),
    *("withheld", "epoch", "uncertain", "_stage"),
)


class Disk:
    """Rows, stages, inbound identifiers and the ledger of one outbox.

    ``number`` is the newest commit, ``last`` the sequence number given last.
    """

    def __init__(self) -> None:
        self.number = 0
        self.last = 0
        self.accepted = 0
        self.endings: dict[int, str] = {}
        self.unsent: dict[int, Outgoing] = {}
        self.parked: dict[int, Outgoing] = {}
        self.sent: dict[int, Outgoing] = {}
        self.released: dict[int, Outgoing] = {}
        self.received: dict[int, None] = {}
        self.withheld: dict[int, None] = {}
        self.epoch = 0
        self.uncertain: set[int] = set()
        self._stage: dict[int, int] = {}
        self._apply: dict[type, Callable[[Any], None]] = {
            Assigned: self._assigned,
            Released: self._released,
            Received: self._received,
            Forgotten: self._forgotten,
            EpochBegan: self._epoch_began,
            Settled: self._settled,
            Failed: self._failed,
            Deferred: self._deferred,
            Parked: self._parked,
            Unparked: self._unparked,
        }

    def state(self) -> State:
        """What it knows at this moment."""
        return {name: copy(getattr(self, name)) for name in _KNOWN}

    def become(self, state: State) -> None:
        """Know this again, and nothing else."""
        for name, value in state.items():
            setattr(self, name, copy(value))

    # -- what the application does -------------------------------------------------------------

    def accept(self, row: Outgoing) -> None:
        """The row is durable: from now on it is ours."""
        self.accepted += 1
        self.last = row.seq
        self.unsent[row.seq] = row
        if row.uncertain:  # it left with an epoch that ended before the row was durable
            self.uncertain.add(row.seq)

    # -- what the session asks for -------------------------------------------------------------

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

    def restored(self) -> Restored:
        """What a new process finds: rows are read afresh, as objects of their own."""
        return Restored(
            epoch=self.epoch,
            sent=[(packet_id, self._copy(row)) for packet_id, row in self.sent.items()],
            released=[(packet_id, self._copy(row)) for packet_id, row in self.released.items()],
            received=list(self.received),
            withheld=list(self.withheld),
        )

    def backlog(self) -> list[Outgoing]:
        """The unsent rows in the order accepted."""
        return [self._copy(self.unsent[seq]) for seq in sorted(self.unsent)]

    def pending(self) -> int:
        """Rows that have not ended."""
        return sum(map(len, (self.unsent, self.parked, self.sent, self.released)))

    def check(self) -> None:
        """The ledger of contract 7."""
        if self.accepted != len(self.endings) + self.pending():
            raise PromiseBroken(
                Promise.LEDGER,
                f"accepted {self.accepted}, ended {len(self.endings)}, pending {self.pending()}",
            )

    def _copy(self, row: Outgoing) -> Outgoing:
        return Outgoing(
            row.seq,
            row.topic,
            row.payload,
            row.qos,
            row.retain,
            row.properties,
            row.expires_at,
            row.seq in self.uncertain,
        )

    # -- records -------------------------------------------------------------------------------

    def _assigned(self, record: Assigned) -> None:
        for packet_id, row in record.rows:
            if row.seq not in self.unsent or packet_id in self.sent or packet_id in self.released:
                raise PromiseBroken(Promise.IDENTIFIER, f"{packet_id} was assigned to {row} again")
            del self.unsent[row.seq]
            self.sent[packet_id] = row
            self._stage[row.seq] = packet_id

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
        for row in (*self.sent.values(), *self.released.values()):
            self.unsent[row.seq] = row
            if row.qos == 2:
                self.uncertain.add(row.seq)
        self.sent, self.released, self.received, self._stage = {}, {}, {}, {}
        self.withheld = {}
        self.epoch = record.number

    def _settled(self, record: Settled) -> None:
        for row in record.rows:
            given_up = record.ending in _GIVEN_UP
            if given_up and row.seq not in self.unsent and row.seq not in self.parked:
                raise PromiseBroken(Promise.UNSENT_ONLY, f"row {row.seq} {record.ending}, not unsent")
            self._end(row.seq, record.ending)

    def _failed(self, record: Failed) -> None:
        self._end(record.row.seq, "failed")
        if record.withheld:
            self.withheld[record.withheld] = None

    def _deferred(self, record: Deferred) -> None:
        self.unsent[record.row.seq] = self._back(record)

    def _parked(self, record: Parked) -> None:
        self.parked[record.row.seq] = self._back(record)

    def _back(self, record: Deferred | Parked) -> Outgoing:
        """Of the place where the row was, the row."""
        seq = record.row.seq
        row = self.sent.pop(self._stage.pop(seq, 0), None) or self.unsent.pop(seq, None)
        if row is None:
            raise PromiseBroken(Promise.LEDGER, f"{record}, and the row is neither unsent nor sent")
        return row

    def _unparked(self, record: Unparked) -> None:
        for row in record.rows:
            self.unsent[row.seq] = self.parked.pop(row.seq)

    def _end(self, seq: int, ending: str) -> None:
        packet_id = self._stage.pop(seq, 0)
        places = {
            "unsent": self.unsent.pop(seq, None),
            "parked": self.parked.pop(seq, None),
            "sent": self.sent.pop(packet_id, None),
            "released": self.released.pop(packet_id, None),
        }
        found = [(ending, place, row.qos) for place, row in places.items() if row is not None]
        if len(found) != 1 or found[0] not in _ENDS:
            before = self.endings.get(seq, "in no place")
            raise PromiseBroken(Promise.LEDGER, f"row {seq} ends as {ending}: {found}, it was {before}")
        self.endings[seq] = ending
