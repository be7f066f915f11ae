"""The books of a file, and apart from them those of the QoS 0 that only memory holds (contract 7)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from holdfast.messages import Outgoing
from holdfast.outbox.port import Ledger
from holdfast.outbox.tally import ENDINGS, Tally


class Accounts:
    """``file``: over the life of the file; ``volatile``: of this process. Any thread may end rows."""

    def __init__(self, keep_qos0: bool) -> None:
        self._keep_qos0 = keep_qos0
        self._before: int | None = None  # sequence numbers that an earlier process gave
        self._stored: set[int] = set()  # QoS 0 that this process stored all the same
        self.file = Tally()
        self.volatile = Tally()

    def begin(self, file: Tally, last: int) -> None:
        """Go on with what the file says; ``last``: the sequence number given last."""
        self.file = file
        if self._before is None:
            self._before = last

    def store(self, rows: Sequence[Outgoing]) -> None:
        """These are in the file whatever their QoS."""
        self._stored.update([row.seq for row in rows if not row.qos])

    def is_volatile(self, row: Outgoing) -> bool:
        """Whether the file does not have this row; QoS 0 may be there, where an earlier process kept it."""
        return not (row.qos or self._keep_qos0 or row.seq <= (self._before or 0) or row.seq in self._stored)

    def new_volatile(self, rows: Sequence[Outgoing]) -> list[Outgoing]:
        """Those of these new rows that the file will not have."""
        return [] if self._keep_qos0 else [row for row in rows if not row.qos]

    def end(self, rows: Sequence[Outgoing], ending: str) -> list[Outgoing]:
        """Book an ending; gives those of the rows that the file has."""
        all_kept = ending == "acknowledged"  # which nobody does with QoS 0
        kept = list(rows) if all_kept else [row for row in rows if not self.is_volatile(row)]
        if kept:
            self.file.end(kept, ending)
        if len(kept) < len(rows):
            self.volatile.end([row for row in rows if self.is_volatile(row)], ending)
        return kept

    @property
    def pending(self) -> int:
        """How many have not ended, the volatile ones included."""
        return self.file.pending + self.volatile.pending

    def ledger(self, since: float) -> Ledger:
        """The books of both; ``since``: when the file was made."""
        file, volatile = self.file.ended(), self.volatile.ended()
        ended = {name: file[name] + volatile[name] for name in ENDINGS}
        accepted = self.file.accepted + self.volatile.accepted
        return Ledger(
            accepted=accepted,
            pending=accepted - sum(ended.values()),
            since=datetime.fromtimestamp(since, UTC),
            **ended,
        )
