"""The books of one ingest run."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import astuple, dataclass, replace

from holdfast.ingest.sink import Written


@dataclass(frozen=True, slots=True)
class IngestLedger:
    """Where every message is that was taken in.

    ``received == stored + repeated + quarantined + waiting + spooled``. ``waiting`` is not committed yet and
    not acknowledged, so the broker still answers for it. ``spooled`` is acknowledged, and kept in the outbox
    file until the database takes it; what an earlier run has left there was received by this one, too.
    """

    received: int = 0
    stored: int = 0
    repeated: int = 0
    quarantined: int = 0
    waiting: int = 0
    spooled: int = 0

    def taken(self, count: int) -> IngestLedger:
        """So many messages came."""
        return replace(self, received=self.received + count, waiting=self.waiting + count)

    def found(self, count: int) -> IngestLedger:
        """So many are in the spool from before."""
        return replace(self, received=self.received + count, spooled=self.spooled + count)

    def settled(self, written: Written) -> IngestLedger:
        """A batch of those waiting was committed."""
        return replace(self._ended(written), waiting=self.waiting - written.count)

    def kept(self, count: int, known: int) -> IngestLedger:
        """So many of those waiting went into the spool; so many more were known already."""
        return replace(
            self,
            waiting=self.waiting - count - known,
            spooled=self.spooled + count,
            repeated=self.repeated + known,
        )

    def drained(self, written: Written) -> IngestLedger:
        """A batch of those in the spool was committed."""
        return replace(self._ended(written), spooled=self.spooled - written.count)

    def _ended(self, written: Written) -> IngestLedger:
        return replace(
            self,
            stored=self.stored + written.stored,
            repeated=self.repeated + written.repeated,
            quarantined=self.quarantined + written.quarantined,
        )


def total(ledgers: Iterable[IngestLedger]) -> IngestLedger:
    """The books of several as one."""
    return IngestLedger(*map(sum, zip(*map(astuple, ledgers), strict=True)))
