"""Adaptive read coalescing: under load a trickle becomes batches, and light traffic is left alone.

The theory. A broker hands messages on as they come, three to nine in a read, and a read costs a turn of
the loop, three system calls and a write of acknowledgements, whatever it holds. If reading pauses for a
moment, the kernel collects meanwhile, and the same turn serves a batch. That pays only where bytes are
waiting to be collected: not where traffic is light, and not where the sender is waiting for *us* (a
request and its answer; a window that is full), where a pause is nothing but a pause. So it is tried:

    LIGHT ──STREAK small reads, each soon after the one before──▶ TRIAL
    TRIAL ──PAUSES pauses, and bytes kept coming as fast as before──▶ LOAD
      │ └───they did not: the sender was waiting──▶ LIGHT, and no trial for a while, longer each time
    LOAD ──IDLE pauses in a row that collected nothing──▶ LIGHT

State, time and sizes in; a decision out. Whoever reads the link carries it out.
"""

from __future__ import annotations

SMALL = 16_384
"""Bytes: a read of more is a batch already."""

GAP_S = 0.0005
"""A read that comes later than this after the one before: the client is not busy reading."""

STREAK = 48
"""Small reads in a row that make a trial worth while: light traffic does not come so by chance."""

PAUSES = 8
"""Pauses of one trial."""

KEPT = 0.6
"""What must be left of the rate of bytes before the trial; pauses that cost more are not worth it."""

IDLE = 3
"""Pauses in a row that collected less than two reads before the trial: the load is gone."""

RETRY_S, LONGEST_RETRY_S = 0.1, 60.0
"""After a trial that failed the next one waits this long, twice as long each time, up to the bound."""


class Coalescing:
    """Whether to pause reading after the read that just happened."""

    __slots__ = ("_bytes", "_idle", "_last", "_not_before", "_rate", "_reads", "_retry_s", "_since", "state")

    def __init__(self) -> None:
        self.state = "light"
        self._last = 0.0
        self._since = 0.0
        self._reads = 0
        self._bytes = 0
        self._rate = 0.0  # bytes per second before the trial ...
        self._idle = 0
        self._not_before = 0.0
        self._retry_s = RETRY_S

    def received(self, now: float, size: int) -> bool:
        """So many bytes were read just now; True: pause before the next read."""
        if self.state == "light":
            return self._light(now, size)
        if self.state == "trial":
            return self._trial(now, size)
        return self._load(size)

    def _light(self, now: float, size: int) -> bool:
        if now - self._last > GAP_S or size > SMALL:
            self._count_from(now)
            return False
        self._last = now
        self._reads += 1
        self._bytes += size
        if self._reads < STREAK or now < self._not_before:
            return False
        self._rate = self._bytes / max(now - self._since, 1e-6)
        self._idle = 2 * self._bytes // self._reads
        self.state = "trial"
        self._count_from(now)
        return True

    def _count_from(self, now: float) -> None:
        self._last = self._since = now
        self._reads = self._bytes = 0

    def _trial(self, now: float, size: int) -> bool:
        self._reads += 1
        self._bytes += size
        if self._reads < PAUSES:
            return True
        kept = self._bytes / max(now - self._since, 1e-6) >= KEPT * self._rate
        if kept:
            self._retry_s = RETRY_S
            self.state, self._reads = "load", 0
        else:
            self._not_before = now + self._retry_s
            self._retry_s = min(2 * self._retry_s, LONGEST_RETRY_S)
            self.state = "light"
            self._count_from(now)
        return kept

    def _load(self, size: int) -> bool:
        self._reads = self._reads + 1 if size < self._idle else 0
        if self._reads < IDLE:
            return True
        self.state = "light"
        self._reads = self._bytes = 0
        return False
