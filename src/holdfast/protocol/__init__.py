"""Floor 2: the session as a sans-I/O state machine."""

from holdfast.protocol.events import (
    Announced,
    Anomaly,
    Challenge,
    Closed,
    Granted,
    NotGranted,
    Opened,
    Oversize,
    Reauthenticated,
    Refused,
    SessionEvent,
    SessionLost,
    Stripped,
    Unsubscribed,
)
from holdfast.protocol.receiver import Delivery
from holdfast.protocol.records import (
    Assigned,
    Deferred,
    EpochBegan,
    Failed,
    Forgotten,
    Parked,
    Received,
    Record,
    Released,
    Restored,
    Settled,
)
from holdfast.protocol.refusals import wire_size
from holdfast.protocol.session import LinkState, Output, Session
from holdfast.protocol.subscriptions import Intent
from holdfast.protocol.terms import ConnectRequest, Terms

__all__ = [
    "Announced",
    "Anomaly",
    "Assigned",
    "Challenge",
    "Closed",
    "ConnectRequest",
    "Deferred",
    "Delivery",
    "EpochBegan",
    "Failed",
    "Forgotten",
    "Granted",
    "Intent",
    "LinkState",
    "NotGranted",
    "Opened",
    "Output",
    "Oversize",
    "Parked",
    "Reauthenticated",
    "Received",
    "Record",
    "Refused",
    "Released",
    "Restored",
    "Session",
    "SessionEvent",
    "SessionLost",
    "Settled",
    "Stripped",
    "Terms",
    "Unsubscribed",
    "wire_size",
]
