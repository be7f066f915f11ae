"""In some seeds there are messages at which the broker hangs up, whenever they come (contract 10)."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from holdfast.messages import Outgoing
from holdfast.testing.model import BrokerLimits

POISON = b"poison"


class Poison:
    """Which of our messages those are, and what the broker says then: dice of its own."""

    def __init__(self, seed: int) -> None:
        rng = Random(f"poison {seed}")
        self._seqs = {rng.randrange(1, 100) for _ in range(rng.choice((0, 0, 1, 3)))}
        self._reason = rng.choice((None, None, 0x95))

    @property
    def count(self) -> int:
        """How many there may be."""
        return len(self._seqs)

    def of(self, seq: int) -> bytes:
        """What the payload of this message ends with."""
        return POISON if seq in self._seqs else b""

    def limits(self, limits: BrokerLimits) -> BrokerLimits:
        """Those of a broker that cannot bear it."""
        return replace(limits, poison=POISON, poison_reason=self._reason)


def is_poison(row: Outgoing) -> bool:
    """Whether the broker hangs up at this message; a dead letter that is tried again is one still."""
    return POISON in row.payload
