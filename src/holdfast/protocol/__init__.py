"""Floor 2: the session as a sans-I/O state machine.

The state machine itself is loaded with the first session: who only describes a client has none yet.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from holdfast.protocol.elsewhere import Elsewhere
from holdfast.protocol.events import (
    Announced,
    Anomaly,
    BrokerChanged,
    Challenge,
    Closed,
    Granted,
    NotGranted,
    Opened,
    Oversize,
    Probed,
    Reasserted,
    Reauthenticated,
    Refused,
    SessionEvent,
    SessionLost,
    ShareSilent,
    Stripped,
    Unsubscribed,
    Unwatched,
)
from holdfast.protocol.probe import ProbeState
from holdfast.protocol.receiver import Delivery
from holdfast.protocol.records import (
    Assigned,
    Completed,
    Deferred,
    EpochBegan,
    Failed,
    Forgotten,
    GroupEntered,
    Parked,
    Received,
    Record,
    Released,
    Restored,
    Settled,
)
from holdfast.protocol.refusals import wire_size
from holdfast.protocol.release import ReleaseAsked
from holdfast.protocol.subscriptions import Intent
from holdfast.protocol.terms import ConnectRequest, Terms

if TYPE_CHECKING:
    from holdfast.protocol.session import LinkState, Output, Session

__all__ = [
    "Announced",
    "Anomaly",
    "Assigned",
    "BrokerChanged",
    "Challenge",
    "Closed",
    "Completed",
    "ConnectRequest",
    "Deferred",
    "Delivery",
    "Elsewhere",
    "EpochBegan",
    "Failed",
    "Forgotten",
    "Granted",
    "GroupEntered",
    "Intent",
    "LinkState",
    "NotGranted",
    "Opened",
    "Output",
    "Oversize",
    "Parked",
    "ProbeState",
    "Probed",
    "Reasserted",
    "Reauthenticated",
    "Received",
    "Record",
    "Refused",
    "ReleaseAsked",
    "Released",
    "Restored",
    "Session",
    "SessionEvent",
    "SessionLost",
    "Settled",
    "ShareSilent",
    "Stripped",
    "Terms",
    "Unsubscribed",
    "Unwatched",
    "wire_size",
]


def __getattr__(name: str) -> Any:
    """The session, on first use (PEP 562)."""
    if name in ("LinkState", "Output", "Session"):
        from holdfast.protocol import session

        return getattr(session, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
