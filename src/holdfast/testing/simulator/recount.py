"""The file against the model: what a process that starts finds, row by row."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from holdfast.messages import Outgoing
from holdfast.outbox.sqlite import SqliteOutbox
from holdfast.outbox.tables import ENDINGS
from holdfast.testing.simulator.promises import Promise, PromiseBroken

if TYPE_CHECKING:
    from holdfast.testing.simulator.disk import Disk
    from holdfast.testing.simulator.world import World


def recount(world: World, outbox: SqliteOutbox) -> None:
    """Stages, identifiers, rows and books of an outbox that was opened just now."""
    disk = world.disk
    restored, due = outbox.restore(), disk.restored()
    _same("sent", _flat(restored.sent), _flat(due.sent))
    _same("released", _flat(restored.released), _flat(due.released))
    _same("received", sorted(restored.received), sorted(due.received))
    _same("withheld", sorted(restored.withheld), sorted(due.withheld))
    _same("epoch", restored.epoch, due.epoch)
    flying = {row.seq for _, row in (*restored.sent, *restored.released)}
    found = [row for row in outbox._read(0) if row.seq not in flying]
    _same("unsent", list(map(_told, found)), list(map(_told, disk.backlog())))
    _same("the last number", outbox.last, disk.last)
    balanced(outbox, disk)


def balanced(outbox: SqliteOutbox, disk: Disk) -> None:
    """The ledger of the file, while nothing is handed over, is that of the model."""
    ledger, ended = outbox.ledger(), Counter(disk.endings.values())
    books = [ledger.accepted, ledger.pending, *(getattr(ledger, name) for name in ENDINGS)]
    due = [disk.accepted, disk.pending(), *(ended[name] for name in ENDINGS)]
    if books != due:
        raise PromiseBroken(Promise.LEDGER, f"accepted, pending, ended: {books}, and it should be {due}")


def _same(what: str, found: Any, due: Any) -> None:
    if found == due:
        return
    if isinstance(found, list):
        more, less = [one for one in found if one not in due], [one for one in due if one not in found]
        found, due = (more, less) if more or less else (found, due)
    raise PromiseBroken(Promise.RESTORED, f"{what}: found {found}, and it should be {due}")


def _flat(rows: list[tuple[int, Outgoing]]) -> list[Any]:
    return [(packet_id, _told(row)) for packet_id, row in rows]


def _told(row: Outgoing) -> tuple[Any, ...]:
    return row.seq, row.topic, row.payload[:20], len(row.payload), row.qos, row.retain, row.uncertain
