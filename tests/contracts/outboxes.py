"""Every outbox there is, by name: the contract suite runs over all of them."""

from __future__ import annotations

from collections.abc import Callable

from holdfast.messages import Outgoing, QoS
from holdfast.outbox import MemoryOutbox, Outbox

RING = 5
BUDGET = 4000

Make = Callable[[], Outbox]

ADAPTERS: dict[str, Make] = {
    "memory": lambda: MemoryOutbox(max_bytes=BUDGET, qos0_messages=RING),
}

LARGE: dict[str, Make] = {"memory": MemoryOutbox}
"""The same with their own bounds."""


def rows(count: int, qos: QoS = 1, payload: bytes = b"x") -> list[Outgoing]:
    """A group of new rows, not accepted yet."""
    return [Outgoing(0, "plant/1/temp", payload, qos) for _ in range(count)]
