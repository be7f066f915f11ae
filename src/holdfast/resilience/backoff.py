"""When to dial: full jitter under a cap, and a bound on accepted connections (contract 19).

    delay before attempt n after a failure   U(0, min(cap, first · multiplier^n))
    first dial after a link that worked      U(0, 100 ms)
    what only a person can mend              a slow period: 10 s, or the cap where that is longer
    accepted connections                     10 at once, then one every 3 s: 30 in any minute

A link that *worked* had carried an acknowledged packet; one that did not counts in n like a
failure. The count n goes back to 0 only when a link has been up for ``stable_s``, so that a
flapping broker is not met at full speed. The bucket bounds accepted connections, the backoff
alone bounds refused ones.
"""

from __future__ import annotations

from collections.abc import Callable
from math import inf

from holdfast.errors import ConfigurationError
from holdfast.values import Frozen

QUICK_S = 0.1
SLOW_S = 10.0
SPREAD = 0.2
"""A slow wait is drawn between the period and this share more."""

BURST = 10
REFILL_S = 3.0

Uniform = Callable[[float, float], float]


class Reconnect(Frozen):
    """How to come back after a lost connection; never gives up unless ``max_attempts`` is set.

    ``first_delay_s`` and ``multiplier`` span the longest wait of each attempt, ``max_delay_s``
    caps it; the wait itself is drawn between 0 and that. ``stable_s``: a link that was up for
    so long makes the next trouble a new one. ``attempt_timeout_s`` bounds a whole attempt,
    name resolution to CONNACK. ``max_attempts`` failures in a row end in ``Status.FAILED``.
    ``fail_back_s``: with several groups of brokers, how long a better one must have answered before
    the client goes back to it; None: never while its connection lasts.
    """

    __match_args__ = (
        "first_delay_s",
        "multiplier",
        "max_delay_s",
        "stable_s",
        "attempt_timeout_s",
        "max_attempts",
        "fail_back_s",
    )
    __slots__ = __match_args__

    def __init__(
        self,
        *,
        first_delay_s: float = 0.1,
        multiplier: float = 2,
        max_delay_s: float = 15,
        stable_s: float = 30,
        attempt_timeout_s: float = 10,
        max_attempts: int | None = None,
        fail_back_s: float | None = 60,
    ) -> None:
        self.first_delay_s = first_delay_s
        self.multiplier = multiplier
        self.max_delay_s = max_delay_s
        self.stable_s = stable_s
        self.attempt_timeout_s = attempt_timeout_s
        self.max_attempts = max_attempts
        self.fail_back_s = fail_back_s
        for name, lowest in _LOWEST.items():
            value = getattr(self, name)
            if value is None and name == "fail_back_s":
                continue
            if not lowest <= value < inf:
                raise ConfigurationError(
                    f"Reconnect: {name} must be finite and at least {lowest:g}, not {value}"
                )
        if self.max_attempts is not None and not self.max_attempts >= 1:
            raise ConfigurationError(
                f"Reconnect: max_attempts must be 1 or more, not {self.max_attempts}",
                hint="leave it out, or None, to never give up",
            )


_LOWEST = {
    "first_delay_s": 0.001,
    "multiplier": 1,
    "max_delay_s": 0.001,
    "stable_s": 0,
    "attempt_timeout_s": 0.001,
    "fail_back_s": 0,
}

PRESETS = {
    "wan": Reconnect(),
    "lan": Reconnect(max_delay_s=1.5, attempt_timeout_s=2),
}


class Backoff:
    """The decisions of one client; times are seconds on one clock, ``uniform`` draws."""

    def __init__(self, policy: Reconnect, uniform: Uniform) -> None:
        self._policy = policy
        self._uniform = uniform
        self._longest = min(policy.first_delay_s, policy.max_delay_s)
        self._tokens = float(BURST)
        self._filled_at = 0.0
        self._accepted_at = 0.0
        self.failures = 0

    @property
    def exhausted(self) -> bool:
        """Whether ``max_attempts`` failed in a row."""
        limit = self._policy.max_attempts
        return limit is not None and self.failures >= limit

    def accepted(self, now: float) -> None:
        """CONNACK accepted us."""
        self._fill(now)
        self._tokens -= 1
        self._accepted_at = now
        self.failures = 0

    def failed(self, slow: bool = False) -> float:
        """An attempt failed: the wait before the next one."""
        self.failures += 1
        return self._slow() if slow else self._draw()

    def _slow(self) -> float:
        period = max(SLOW_S, self._policy.max_delay_s)
        return self._uniform(period, period * (1 + SPREAD))

    def _draw(self) -> float:
        longest = self._longest
        self._longest = min(self._policy.max_delay_s, longest * self._policy.multiplier)
        return self._uniform(0, longest)

    def lost(self, now: float, worked: bool, slow: bool = False) -> float:
        """An accepted connection ended: the wait before the next attempt."""
        if slow:
            return self._slow()
        if now - self._accepted_at >= self._policy.stable_s:
            self.reset()
        return max(self._uniform(0, QUICK_S) if worked else self._draw(), self._bucket(now))

    def reset(self) -> None:
        """Somebody knows better (``redial``): begin anew."""
        self.failures = 0
        self._longest = min(self._policy.first_delay_s, self._policy.max_delay_s)

    def _fill(self, now: float) -> None:
        self._tokens = min(BURST, self._tokens + (now - self._filled_at) / REFILL_S)
        self._filled_at = now

    def _bucket(self, now: float) -> float:
        self._fill(now)
        return max(0.0, (1 - self._tokens) * REFILL_S)
