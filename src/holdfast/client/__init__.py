"""Floor 4: the asyncio client."""

from holdfast.client.authenticator import Authenticator
from holdfast.client.client import Client
from holdfast.client.events import Event
from holdfast.client.options import Limits, Will
from holdfast.client.receipts import Receipt
from holdfast.client.status import Snapshot, Status
from holdfast.client.subscription import Subscription

__all__ = [
    "Authenticator",
    "Client",
    "Event",
    "Limits",
    "Receipt",
    "Snapshot",
    "Status",
    "Subscription",
    "Will",
]
