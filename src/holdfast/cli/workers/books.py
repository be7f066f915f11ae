"""The books of several workers as one: pure.

Each says once a second how it stands, and at its end its ledger; the last word of each counts. What waited
in a process that is no more is the broker's again, and what it spooled is in the file of its slot: both come
again to the next process, which counts them as received, so they were not received here. A process that is
killed takes what it did since its last word out of the books, though not out of the table.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields, replace
from typing import Any

from holdfast.ingest.ledger import IngestLedger, total


class Books:
    """What the workers have said; ``torn``: how many processes were cut off before their ledger."""

    def __init__(self) -> None:
        self.torn = 0
        self._over = IngestLedger()
        self._words: dict[int, Mapping[str, Any]] = {}

    def begun(self, number: int) -> None:
        """A process begins in this slot; the one before has said its last."""
        before = self._words.pop(number, None)
        if before is not None:
            ledger = _ledger(before)
            again = ledger.waiting + ledger.spooled
            gone = replace(ledger, received=ledger.received - again, waiting=0, spooled=0)
            self._over = total([self._over, gone])

    def told(self, number: int, record: Mapping[str, Any]) -> None:
        """The process in this slot says how it stands, or its ledger."""
        self._words[number] = record

    def ended(self, number: int, killed: bool) -> None:
        """It is no more: nothing comes in there, and its link is down.

        Who was killed before its first word may have done something; who ended by itself so, did nothing.
        """
        word = self._words.get(number)
        if word is None:
            self.torn += killed
        else:
            self.torn += word["event"] != "ledger"
            self._words[number] = asdict(_ledger(word))

    @property
    def ledger(self) -> IngestLedger:
        """Of all of them, from the first to now."""
        return total([self._over, *map(_ledger, self._words.values())])

    def progress(self, workers: int) -> dict[str, Any]:
        """How it goes, as one object; slots from ``workers`` on are being retired."""
        links = [word.get("link_up_s") for number, word in self._words.items() if number < workers]
        return {
            "event": "progress",
            "rate": sum(word.get("rate", 0) for word in self._words.values()),
            **asdict(self.ledger),
            "workers": workers,
            "up": sum(up_s is not None for up_s in links),
        }


def _ledger(record: Mapping[str, Any]) -> IngestLedger:
    return IngestLedger(**{field.name: record.get(field.name, 0) for field in fields(IngestLedger)})
