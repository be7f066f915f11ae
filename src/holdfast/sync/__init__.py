"""Floor 5: the same client without async and await, for threads."""

from holdfast.sync.client import Client, over
from holdfast.sync.pool import Pool
from holdfast.sync.receipt import Receipt
from holdfast.sync.subscription import Subscription

__all__ = ["Client", "Pool", "Receipt", "Subscription", "over"]
