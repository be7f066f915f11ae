"""The books of one ingest run."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import astuple, dataclass

from holdfast.ingest.sink import Written


@dataclass(frozen=True, slots=True)
class IngestLedger:
    """Where every message is that was taken in: ``received == stored + repeated + quarantined + waiting``.

    ``waiting`` is not committed yet and not acknowledged, so the broker still answers for it.
    """

    received: int = 0
    stored: int = 0
    repeated: int = 0
    quarantined: int = 0
    waiting: int = 0

    def taken(self, count: int) -> IngestLedger:
        """So many messages came."""
        return IngestLedger(
            self.received + count, self.stored, self.repeated, self.quarantined, self.waiting + count
        )

    def settled(self, written: Written) -> IngestLedger:
        """A batch of those waiting was committed."""
        ended = written.stored + written.repeated + written.quarantined
        return IngestLedger(
            self.received,
            self.stored + written.stored,
            self.repeated + written.repeated,
            self.quarantined + written.quarantined,
            self.waiting - ended,
        )


def total(ledgers: Iterable[IngestLedger]) -> IngestLedger:
    """The books of several as one."""
    return IngestLedger(*map(sum, zip(*map(astuple, ledgers), strict=True)))
