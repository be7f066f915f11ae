"""What the gateways' books come to: pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from holdfast.cli.demo.readings import serial
from holdfast.outbox import Ledger


def together(ledgers: Sequence[Ledger]) -> Ledger:
    """The books of all gateways as one."""
    names = ("accepted", "acknowledged", "sent", "failed", "expired", "dropped", "pending")
    sums = {name: sum(getattr(ledger, name) for ledger in ledgers) for name in names}
    return Ledger(**sums, since=min(ledger.since for ledger in ledgers))


def acknowledged(ledgers: Sequence[Ledger], failed: Collection[str]) -> set[str]:
    """The serials that were acknowledged, as the outboxes have it; ``ledgers`` from gateway 1 on.

    A gateway's nth accepted message has its nth serial. Pending are those accepted last: a broker
    answers in order.
    """
    serials = {
        serial(gateway, number)
        for gateway, ledger in enumerate(ledgers, 1)
        for number in range(ledger.accepted - ledger.pending)
    }
    return serials.difference(failed)
