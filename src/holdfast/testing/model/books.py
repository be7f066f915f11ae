"""What all parts of one broker share."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from holdfast.codec import Publish
from holdfast.testing.model.faults import Faults
from holdfast.testing.model.limits import BrokerLimits
from holdfast.testing.model.link import Link
from holdfast.testing.model.router import Router
from holdfast.testing.model.session import Session, Stored
from holdfast.testing.model.wire import Wire

if TYPE_CHECKING:
    from holdfast.testing.model.examining import Make

REMEMBERED = 1_000_000
"""Messages that ``accepted`` and ``routed`` keep, the latest ones."""


class Books:
    """The state of a broker at ``now``, and its way out."""

    def __init__(self, limits: BrokerLimits, strict: bool, authentication: Make | None = None) -> None:
        self.now = 0.0
        self.limits = limits
        self.strict = strict
        self.authentication = authentication
        self.faults = Faults()
        self.wire = Wire(self.faults)
        self.router = Router()
        self.links: dict[int, Link] = {}
        self.sessions: dict[str, Session] = {}
        self.retained: dict[str, Stored] = {}
        self.accepted: deque[Publish] = deque(maxlen=REMEMBERED)
        self.routed: deque[Publish] = deque(maxlen=REMEMBERED)
        self.connects = 0
        self.assigned = 0
        self.dirty = False

    def inherit(self, past: Books) -> None:
        """Go on telling what an earlier life told."""
        self.now = max(self.now, past.now)
        self.accepted, self.routed = past.accepted, past.routed
        self.wire.violations = past.wire.violations
        self.connects = past.connects
