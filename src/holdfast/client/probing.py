"""What the probe has found, told as events and kept as numbers (contract 21)."""

from __future__ import annotations

import logging
from bisect import bisect_left
from collections.abc import Callable
from math import inf
from typing import Literal

from holdfast import reasons
from holdfast.client import events as told
from holdfast.client.events import Event
from holdfast.protocol import Probed, ProbeState

ProbeStatus = Literal["off"] | ProbeState

BOUNDS_S = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, inf)
"""Of the histogram: two to each power of ten, as a round trip is a millisecond or ten seconds."""


class Probing:
    """``round_trips``: how many fell to each bound and above the one before, over all connections."""

    def __init__(self, emit: Callable[[Event, int], None]) -> None:
        self._emit = emit
        self._missed = self._named = False
        self.status: ProbeStatus = "off"
        self.round_trip_s: float | None = None
        self.round_trips = dict.fromkeys(BOUNDS_S, 0)

    def told(self, event: Probed) -> None:
        """One event of the session; each change is said once."""
        self.status = event.state
        if event.round_trip_s is not None:
            self._answered(event.topic, event.round_trip_s)
        elif event.state == "waiting":
            self.round_trip_s = None
        elif event.state == "missed" and not self._missed:
            self._missed = True
            message = f"the probe on {event.topic} does not come back, although the link is alive"
            self._emit(told.ProbeMissed(message=message, topic=event.topic), logging.WARNING)
        elif event.state == "not_authorized" and not self._named:
            self._named = True
            self._disabled(event)

    def _answered(self, topic: str, took_s: float) -> None:
        self.round_trip_s = took_s
        self.round_trips[BOUNDS_S[bisect_left(BOUNDS_S, took_s)]] += 1
        if self._missed:
            message = f"the probe on {topic} comes back again, in {took_s:.3f} s"
            recovered = told.ProbeRecovered(message=message, topic=topic, round_trip_s=took_s)
            self._emit(recovered, logging.INFO)
        self._missed = self._named = False

    def _disabled(self, event: Probed) -> None:
        why = reasons.name(event.reason) if event.reason else "nothing came back"
        message = (
            f"the probe on {event.topic} is off for this connection ({why}): "
            "may this client publish and subscribe there?"
        )
        disabled = told.ProbeDisabled(message=message, topic=event.topic, code=event.reason)
        self._emit(disabled, logging.WARNING)
