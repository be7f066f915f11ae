"""Floor 2: the session as a sans-I/O state machine."""

from holdfast.protocol.elsewhere import Elsewhere
from holdfast.protocol.events import (
    Anomaly,
    BrokerChanged,
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
from holdfast.protocol.session import LinkState, Output, Session
from holdfast.protocol.subscriptions import Intent
from holdfast.protocol.terms import ConnectRequest, Terms

__all__ = [
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
