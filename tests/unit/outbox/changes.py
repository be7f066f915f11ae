"""Changes of an outbox, applied to the simulator's disk; and what a restart finds, comparable."""

from __future__ import annotations

from typing import Any

from holdfast.messages import Outgoing
from holdfast.protocol import Record, Restored
from holdfast.testing.simulator.disk import Disk

Change = list[Outgoing] | list[Record]


def apply(disk: Disk, change: Change) -> None:
    """To the model: rows accepted, or records."""
    for one in change:
        if isinstance(one, Outgoing):
            disk.accept(one)
        else:
            disk.commit([one])


def told(row: Outgoing) -> tuple[Any, ...]:
    return row.seq, row.topic, row.payload, row.qos, row.uncertain


def flat(restored: Restored) -> tuple[Any, ...]:
    """What a restart finds, comparable: order counts where the session needs it."""
    sent, released = (
        [(packet_id, row.seq, row.uncertain, row.payload) for packet_id, row in rows]
        for rows in (restored.sent, restored.released)
    )
    elsewhere = {
        name: (one.epoch, one.unanswered, one.unreleased, sorted(one.withheld), sorted(one.received))
        for name, one in restored.elsewhere.items()
    }
    held = sorted(restored.received), sorted(restored.withheld), restored.unreleased
    return restored.epoch, sent, released, held, restored.group, elsewhere
