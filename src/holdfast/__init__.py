"""Holdfast keeps a service connected to MQTT and keeps every promise it makes about a message.

Every public name is found here and loaded on first use, so that ``import holdfast`` costs
nothing that is not needed; the errors beside ``HoldfastError`` are in ``holdfast.errors``.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from holdfast.client import (
        Authenticator,
        Client,
        Compression,
        Event,
        Limits,
        Outbox,
        Receipt,
        Rule,
        Snapshot,
        Status,
        Subscription,
        Will,
    )
    from holdfast.client.pool import Pool
    from holdfast.errors import HoldfastError
    from holdfast.handling import Reject, Retries, Retry, Router
    from holdfast.messages import Message, Payload, QoS
    from holdfast.outbox import Ledger
    from holdfast.resilience import Reconnect
    from holdfast.transport import TLS

__version__ = "0.1.0"

# Name -> the module it lives in. A test compares this table with ``__all__`` and the imports above.
_HOMES = {
    "TLS": "holdfast.transport",
    "Authenticator": "holdfast.client",
    "Client": "holdfast.client",
    "Compression": "holdfast.client",
    "Event": "holdfast.client",
    "HoldfastError": "holdfast.errors",
    "Ledger": "holdfast.outbox",
    "Limits": "holdfast.client",
    "Message": "holdfast.messages",
    "Outbox": "holdfast.client",
    "Payload": "holdfast.messages",
    "Pool": "holdfast.client.pool",
    "QoS": "holdfast.messages",
    "Receipt": "holdfast.client",
    "Reconnect": "holdfast.resilience",
    "Reject": "holdfast.handling",
    "Retries": "holdfast.handling",
    "Retry": "holdfast.handling",
    "Router": "holdfast.handling",
    "Rule": "holdfast.client",
    "Snapshot": "holdfast.client",
    "Status": "holdfast.client",
    "Subscription": "holdfast.client",
    "Will": "holdfast.client",
}

__all__ = [
    "TLS",
    "Authenticator",
    "Client",
    "Compression",
    "Event",
    "HoldfastError",
    "Ledger",
    "Limits",
    "Message",
    "Outbox",
    "Payload",
    "Pool",
    "QoS",
    "Receipt",
    "Reconnect",
    "Reject",
    "Retries",
    "Retry",
    "Router",
    "Rule",
    "Snapshot",
    "Status",
    "Subscription",
    "Will",
]


def __getattr__(name: str) -> Any:
    """The public name, loaded on first use (PEP 562) and kept, so that it is looked up once."""
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
