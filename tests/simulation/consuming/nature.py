"""What a client meets outside of itself, in the simulation: time, chance, the network, and small limits."""

from __future__ import annotations

import logging
from random import Random

import pytest

from holdfast.testing.manual_clock import ManualClock
from tests.simulation.consuming.network import Network


def rule(patch: pytest.MonkeyPatch, clock: ManualClock, chance: Random, network: Network) -> None:
    """From here on it is so."""
    patch.setattr(logging.getLogger("holdfast"), "disabled", True)
    patch.setattr("holdfast.client.shelf.MOST", chance.choice((3, 20, 1000)))
    patch.setattr("holdfast.client.refill.PAGE", chance.choice((20, 200)))
    patch.setattr("holdfast.client.client.SystemClock", lambda: clock)
    patch.setattr("holdfast.client.targets.open_link", network.dial)
    patch.setattr("holdfast.client.supervisor._uniform", chance.uniform)
    patch.setattr("holdfast.client.fairness.monotonic", clock.now)
    patch.setattr("holdfast.client.precedence.monotonic", clock.now)
    patch.setattr("holdfast.client.watch.Watched", _Unwatched)
    patch.setattr("holdfast.transport.network.NetworkWatch", _Unwatched)


class _Unwatched:
    """In the place of what watches the machine."""

    def __init__(self, *_: object) -> None:
        """There is nothing to see."""

    def on_gone(self) -> None:
        """No loop is closed under its client."""

    def close(self) -> None:
        """Nothing was begun."""

    def recent(self) -> None:
        """Nothing stood still."""
