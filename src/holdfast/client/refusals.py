"""What becomes of a message that was refused (contract 10, C11 of the requirements).

==============================  ==================================================================
refused                         then
==============================  ==================================================================
by these terms, never sent      it is parked: other terms may carry it
for now (``PASSES``)            it is sent again after ``DELAYS_S``, and is a dead letter after that
for good, or once too often     a dead letter: its receipt fails, and it is kept for ``retry``
by the end of the link          the same: whoever told had tried again and again
==============================  ==================================================================

Only an answer of the broker counts as a try; a lost connection never does.
"""

from __future__ import annotations

from holdfast.messages import Outgoing
from holdfast.protocol import Deferred, Failed, Parked, Record
from holdfast.protocol.refusals import WAITS_FOR_OTHER_TERMS

DELAYS_S = (1.0, 10.0)
"""Before the second and before the third try."""

PASSES = frozenset({0x80, 0x83, 0x87, 0x91, 0x97})
"""Unspecified, implementation specific, not authorized, identifier in use, quota exceeded."""


def judge(records: list[Record], now: float) -> list[Record]:
    """The records with every Failed that is not the end made into what it is."""
    for place, record in enumerate(records):
        if isinstance(record, Failed):
            records[place] = _judged(record, now)
    return records


def _judged(record: Failed, now: float) -> Record:
    row = record.row
    if record.kills:
        return record
    if record.unsent and record.reason in WAITS_FOR_OTHER_TERMS:
        return Parked(row, record.reason, record.detail)
    if record.unsent or record.withheld or record.reason not in PASSES:
        return record
    return _refused(record, row, now)


def _refused(record: Failed, row: Outgoing, now: float) -> Record:
    row.tries += 1
    if row.tries > len(DELAYS_S):
        return record
    return Deferred(row, record.reason, record.detail, now + DELAYS_S[row.tries - 1])
