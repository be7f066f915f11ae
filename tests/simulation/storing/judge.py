"""What must be true of ingests: rows, books and file (contract 6, 14, 17)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from holdfast import QoS
from holdfast.topics import matches
from tests.simulation.consuming.history import rows
from tests.simulation.storing.life import Life, Spec
from tests.simulation.storing.store import number_of


class Sent(NamedTuple):
    """One message; ``wanted``: the filters by which the broker owes it."""

    number: int
    topic: str
    qos: QoS
    wanted: set[str]


class Judge:
    """Of one history. ``excused``: up to this number the broker has forgotten what it owed."""

    def __init__(self, specs: Sequence[Spec], path: str | None, wrong: list[str]) -> None:
        """``path``: the outbox file; None: there is none. ``wrong``: where verdicts go."""
        self._specs = specs
        self._path = path
        self._wrong = wrong
        self.sent: list[Sent] = []
        self.excused = 0
        self._unclaimed: set[int] = set()

    def look(self) -> None:
        """A process has ended. What it kept for nobody may be in a table: only its ingest would know."""
        unclaimed = rows(self._path, "SELECT payload FROM inbound WHERE owner = ''")
        self._unclaimed |= {number_of(payload) for (payload,) in unclaimed}

    def audit(self, life: Life) -> None:
        """The books of the run that has just ended."""
        for ingest, ledger, store in life.ledgers():
            ended = ledger.stored + ledger.repeated + ledger.quarantined
            if ledger.received != ended + ledger.waiting + ledger.spooled:
                self._wrong.append(f"{ingest.table}: the books do not balance: {ledger}")
            if (ledger.stored, ledger.quarantined) != (store.told.stored, store.told.quarantined):
                self._wrong.append(f"{ingest.table}: {ledger}, and its sink says {store.told}")
            kept = rows(self._path, "SELECT count(*) FROM inbound WHERE owner = ?", f"ingest {ingest.table}")
            if kept and ledger.spooled > kept[0][0]:  # what was stored too late for the file is there as well
                self._wrong.append(f"{ingest.table}: {ledger}, and {kept[0][0]} are kept")

    def judge(self) -> None:
        """All is over, and at rest."""
        kept = rows(self._path, "SELECT owner, payload FROM inbound")
        if kept:
            self._wrong.append(f"{len(kept)} are kept for {kept[0][0]}")
        for spec in self._specs:
            for sent in self.sent:
                if matches(spec.filter, sent.topic):
                    self._judge_row(spec, sent)

    def _judge_row(self, spec: Spec, sent: Sent) -> None:
        number, table = sent.number, spec.table
        count = table.rows[number] + table.misfits[number]
        known = min(sent.qos, spec.qos) == 2 and self._path is not None and number not in self._unclaimed
        if count > 1 and (known or (table.keyed and not table.misfits[number])):
            self._wrong.append(f"{spec.filter}: {number} has {count} rows")
        if not count and spec.filter in sent.wanted and number > self.excused:
            self._wrong.append(f"{spec.filter}: {number} is lost")
