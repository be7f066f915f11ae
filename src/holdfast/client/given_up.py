"""Messages that ended without being sent: their receipts, a counter by reason, and few lines of log."""

from __future__ import annotations

import logging

from holdfast.client import events as told
from holdfast.client.calm import Calm
from holdfast.client.mailbox import Mailbox
from holdfast.client.receipts import Receipts
from holdfast.client.state import State
from holdfast.messages import Outgoing
from holdfast.outbox.ring import QOS0_RING
from holdfast.protocol.records import Ending

WORDS = {
    "expiry_s": "were older than their expiry_s before they could be sent",
    "max_age_s": "waited longer than Outbox(max_age_s=...)",
    QOS0_RING: "of QoS 0 were given up: too many waited for a connection",
    "purge": "were purged by hand",
}


class GivenUp:
    """Tells of rows that were expired or dropped."""

    def __init__(self, receipts: Receipts, state: State, here: Mailbox) -> None:
        self._here = here
        self._receipts = receipts
        self._state = state
        self._calm = Calm(self._tell)
        self.close = self._calm.close
        """The end of this run: everything is told."""

    def ended(self, rows: list[Outgoing], ending: Ending, why: str) -> None:
        """These rows ended in the outbox; told from any thread."""
        self._here.post(self.note, rows, ending, why)

    def note(self, rows: list[Outgoing], ending: Ending, why: str) -> None:
        """As ``ended``, here and now."""
        self._receipts.settle(rows, ending, why)
        self._state.given_up[why] += len(rows)
        self._calm.note(why, len(rows))

    def _tell(self, why: str, count: int) -> None:
        what = WORDS.get(why, f"were dropped: the outbox was full ({why})")
        event = told.Dropped(message=f"{count} messages {what}", count=count, reason=why)
        self._state.emit(event, logging.WARNING)
