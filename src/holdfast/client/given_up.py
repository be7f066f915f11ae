"""Messages that ended without being sent: their receipts, a counter by reason, and a log that stays calm."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter

from holdfast.client import events as told
from holdfast.client.mailbox import Mailbox
from holdfast.client.receipts import Receipts
from holdfast.client.state import State
from holdfast.messages import Outgoing
from holdfast.outbox.ring import QOS0_RING
from holdfast.protocol.records import Ending

TOLD_EVERY_S = 1.0

WORDS = {
    "expiry_s": "were older than their expiry_s before they could be sent",
    "max_age_s": "waited longer than Outbox(max_age_s=...)",
    QOS0_RING: "of QoS 0 were given up: too many waited for a connection",
    "purge": "were purged by hand",
}


class GivenUp:
    """Tells of rows that were expired or dropped: at once, then once a second at most.

    A flood must not become a flood of log lines.
    """

    def __init__(self, receipts: Receipts, state: State, here: Mailbox) -> None:
        self._loop = asyncio.get_running_loop()
        self._here = here
        self._receipts = receipts
        self._state = state
        self._untold: Counter[str] = Counter()
        self._timer: asyncio.TimerHandle | None = None

    def ended(self, rows: list[Outgoing], ending: Ending, why: str) -> None:
        """These rows ended in the outbox; told from any thread."""
        self._here.post(self.note, rows, ending, why)

    def note(self, rows: list[Outgoing], ending: Ending, why: str) -> None:
        """As ``ended``, here and now."""
        self._receipts.settle(rows, ending, why)
        self._state.given_up[why] += len(rows)
        self._untold[why] += len(rows)
        if self._timer is None:
            self._tell()

    def _tell(self) -> None:
        self._timer = None
        untold, self._untold = self._untold, Counter()
        for why, count in untold.items():
            what = WORDS.get(why, f"were dropped: the outbox was full ({why})")
            event = told.Dropped(message=f"{count} messages {what}", count=count, reason=why)
            self._state.emit(event, logging.WARNING)
        if untold:
            self._timer = self._loop.call_later(TOLD_EVERY_S, self._tell)

    def close(self) -> None:
        """The end of this run: everything is told, and no timer is left."""
        self._tell()
        if self._timer is not None:
            self._timer.cancel()
