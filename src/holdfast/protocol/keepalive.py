"""When to ping, and when silence means that the link is dead: pure arithmetic.

Let K be the keep alive in force. A PINGREQ is due 0.75 K after we last sent anything
[MQTT-3.1.2-20] and 0.75 K after we last heard anything, whichever comes first: the second
rule finds a half-open link although we keep sending QoS 0 into it. The link is dead 1.4 K
after the last byte came in, which keeps the promise of 1.5 K with room for a late timer, but
not before the first ping since then had 0.25 K to be answered: a process that slept asks
before it judges, and asking again puts nothing off.
Any inbound byte is life (contract 21). While we do not read, for handlers that are behind,
silence proves nothing: we go on pinging and judge nobody.
"""

from __future__ import annotations

from typing import Literal

PING_AFTER = 0.75
DEAD_AFTER = 1.4
ANSWER_WITHIN = 0.25


class Keepalive:
    """The clockwork of one connection; times are seconds on the session's clock."""

    __slots__ = ("_asked", "_heard", "_interval", "_listening", "_pinged", "_sent")

    def __init__(self, keepalive_s: int, now: float) -> None:
        """``keepalive_s`` 0 switches it off (MQTT 5 §3.1.2.10)."""
        self._interval = keepalive_s
        self._sent = self._heard = self._pinged = self._asked = now
        self._listening = True

    def agree(self, keepalive_s: int) -> None:
        """CONNACK said what is in force; since CONNECT left the clock is running."""
        self._interval = keepalive_s

    def sent(self, now: float) -> None:
        """A control packet left."""
        self._sent = now

    def heard(self, now: float) -> None:
        """Bytes came in."""
        self._heard = now

    @property
    def heard_at(self) -> float:
        """When bytes came in last."""
        return self._heard

    def listen(self, wanted: bool, now: float) -> None:
        """Reading is switched off or on."""
        self._listening = wanted
        self._heard = now

    def pinged(self, now: float) -> None:
        """A PINGREQ left."""
        if self._asked <= self._heard:
            self._asked = now
        self._sent = self._pinged = now

    def _ping_at(self) -> float:
        return min(self._sent, max(self._heard, self._pinged)) + PING_AFTER * self._interval

    def _dead_at(self) -> float:
        return max(self._heard + DEAD_AFTER * self._interval, self._asked + ANSWER_WITHIN * self._interval)

    def deadline(self) -> float | None:
        """When ``due`` has something to say next; None when switched off."""
        if not self._interval:
            return None
        if self._listening and self._asked > self._heard:
            return min(self._ping_at(), self._dead_at())
        return self._ping_at()

    def due(self, now: float) -> Literal["nothing", "ping", "dead"]:
        """What to do at this moment."""
        if not self._interval:
            return "nothing"
        if self._listening and self._asked > self._heard and now >= self._dead_at():
            return "dead"
        return "ping" if now >= self._ping_at() else "nothing"
