"""Two clients with one client_id throw each other out: MQTT 5 has a word for it, which not every broker says.

3.1.1 has no word, and mosquitto 2.0 is silent in MQTT 5 too. So a link that is closed without a
word and without an error of ours soon after it came up, several times in a row, is worded as a
suspicion (contract 20): a fact is only 0x8E. Both slow us down, or the two would go on for ever; but a
reset is no sign of a takeover, as brokers close properly then: it is only hinted at.
"""

from __future__ import annotations

from holdfast.resilience.verdicts import Verdict
from holdfast.values import replace

SOON_S = 5.0
CLOSES = 3
WORDLESS = ("closed", "reset")


class TakeoverSuspicion:
    """Counts such closes of one client."""

    def __init__(self) -> None:
        self._closes = 0

    def failed(self) -> None:
        """An attempt failed: whoever takes our place over leaves the broker reachable."""
        self._closes = 0

    def judge(self, verdict: Verdict, up_s: float) -> Verdict:
        """The verdict on a link that ended ``up_s`` seconds after CONNACK, or the suspicion instead."""
        soon = verdict.cause in WORDLESS and up_s <= SOON_S
        self._closes = self._closes + 1 if soon else 0
        if self._closes < CLOSES:
            return verdict
        hint = f"{self._closes} times soon after connecting: does another client use the same client_id?"
        return replace(verdict, hint=hint, cause="takeover" if verdict.cause == "closed" else verdict.cause)
