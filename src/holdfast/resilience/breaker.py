"""A circuit breaker: whether to ask what only a broker can answer (contract 24).

It counts, dials and sends nothing: it is read off what the supervisor and the probe know. So there is
no second opinion about the link, and nothing of its own that could stay open.

the link                                          failed in a row                   breaker
up                                                -                                 closed
up, and the probe misses two answers in a row     -                                 open
away, or never there                              fewer than 3                      closed
the same, until the next attempt                  3, or one that a person mends     open
the same, an attempt is under way                 likewise                          half_open

A link that has just gone comes back within a moment, as a rule: until the third failure a call may wait for
it. A refused login or a takeover is not mended by waiting, and one is enough. Half-open lets no call
through: the supervisor's own CONNECT is the trial, and CONNACK closes the breaker. So does the answer to one
probe.
"""

from __future__ import annotations

from typing import Literal

from holdfast.resilience.verdicts import Verdict

Breaker = Literal["closed", "half_open", "open"]

FAILURES = 3


def breaker(up: bool, misses: bool, failures: int, verdict: Verdict | None, dialling: bool) -> Breaker:
    """What it is by now. ``misses``: two probes in a row went unanswered on this connection."""
    if up:
        return "open" if misses else "closed"
    if failures < FAILURES and not (verdict and verdict.slow):
        return "closed"
    return "half_open" if dialling else "open"
