"""Floor 4: the asyncio client."""

from holdfast.client.authenticator import Authenticator
from holdfast.client.client import Client
from holdfast.client.events import Event
from holdfast.client.options import Compression, Limits, Will
from holdfast.client.outbox_option import Outbox
from holdfast.client.receipt import Receipt
from holdfast.client.rules import Rule
from holdfast.client.status import Snapshot, Status
from holdfast.client.subscription import Subscription

__all__ = [
    "Authenticator",
    "Client",
    "Compression",
    "Event",
    "Limits",
    "Outbox",
    "Receipt",
    "Rule",
    "Snapshot",
    "Status",
    "Subscription",
    "Will",
]
