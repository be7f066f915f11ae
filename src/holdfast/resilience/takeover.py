"""Two clients with one client_id throw each other out: MQTT 5 has a word for it, which not every broker says.

3.1.1 has no word, and mosquitto 2.0 is silent in MQTT 5 too. So a link that is closed without a
word and without an error of ours soon after it came up, several times in a row, is worded as a
suspicion (contract 20): a fact is only 0x8E.

Whoever knows or suspects it slows down, or the two would go on for ever. The first to do so lets the other
stand for a while, which must not take it for the end: two closes were soon, the next ones may take a minute.
A reset is what a broker's close becomes where it had yet to read something, but more often the network's
doing: it is hinted at, and met with the usual backoff, not with a quick dial.
"""

from __future__ import annotations

from holdfast.resilience.verdicts import Verdict
from holdfast.values import replace

SOON_S = 5.0
LATER_S = 60.0
CLOSES = 3
WORDLESS = ("closed", "reset")


class TakeoverSuspicion:
    """Counts such closes of one client."""

    def __init__(self) -> None:
        self._closes = 0

    @property
    def stands(self) -> bool:
        """Whether the link that ended last is thought to have been taken over."""
        return self._closes >= CLOSES

    def failed(self) -> None:
        """An attempt failed: whoever takes our place over leaves the broker reachable."""
        self._closes = 0

    def judge(self, verdict: Verdict, up_s: float) -> Verdict:
        """The verdict on a link that ended ``up_s`` seconds after CONNACK, or the suspicion instead."""
        limit_s = SOON_S if self._closes < CLOSES - 1 else LATER_S
        soon = verdict.cause in WORDLESS and up_s <= limit_s
        self._closes = self._closes + 1 if soon else 0
        if not self.stands:
            return verdict
        hint = (
            f"It came {self._closes} times in a row soon after connecting: if another client uses the same "
            "client_id, give each its own."
        )
        return replace(verdict, hint=hint, cause="takeover" if verdict.cause == "closed" else verdict.cause)
