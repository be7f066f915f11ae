"""The records not yet drained, numbered so that bytes can wait for them."""

from __future__ import annotations

from holdfast.messages import Outgoing
from holdfast.protocol.records import Ending, Failed, Record, Settled


class Journal:
    """Collects records; ``gate`` is the number of the newest one that bytes must wait for."""

    __slots__ = ("_open", "gate", "pending", "serial")

    def __init__(self) -> None:
        self.pending: list[Record] = []
        self.serial = 0
        self.gate = 0
        self._open: dict[Ending, list[Outgoing]] = {}

    def write(self, record: Record) -> None:
        """Note a gating record: bytes queued from now on wait for it."""
        self._open = {}  # what ends after this record stands after it
        self._lag(record)
        self.gate = self.serial

    def fail(
        self,
        row: Outgoing,
        reason: int,
        detail: str,
        withheld: int = 0,
        unsent: bool = False,
        kills: int = 0,
    ) -> None:
        """Note that a row was refused, and the identifier it withholds."""
        self._lag(Failed(row, reason, detail, withheld, unsent, kills))
        if withheld or kills:  # later rows overtake it now: it must not come back behind them
            self.gate = self.serial

    def settle(self, ending: Ending) -> list[Outgoing]:
        """The list of the present batch's rows with this ending: append to it."""
        rows = self._open.get(ending)
        if rows is None:
            rows = self._open[ending] = []
            self._lag(Settled(rows, ending))
        return rows

    def _lag(self, record: Record) -> None:
        self.pending.append(record)
        self.serial += 1

    def take(self) -> list[Record]:
        """Drain what was noted; the numbers of the records end at ``serial``."""
        taken, self.pending = self.pending, []
        self._open = {}
        return taken
