"""The file against the model: what a process that starts finds, row by row."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from holdfast.messages import Outgoing
from holdfast.outbox import dead, tables
from holdfast.outbox.flight import RELEASED, SENT, Flight
from holdfast.outbox.keys import seq_of
from holdfast.outbox.queries import Queries
from holdfast.outbox.sqlite import SqliteOutbox
from holdfast.outbox.tally import ENDINGS
from holdfast.outbox.waiting import CLASSES
from holdfast.protocol import Restored
from holdfast.testing.simulator.disk import Disk
from holdfast.testing.simulator.promises import Promise, PromiseBroken

if TYPE_CHECKING:
    from holdfast.testing.simulator.world import World


def recount(world: World, outbox: SqliteOutbox) -> None:
    """Stages, identifiers, rows and books of an outbox that was opened just now."""
    disk = world.disk
    restored, due = outbox.restore(), disk.restored()
    _same("sent", _flat(restored.sent, disk), _flat(due.sent, disk))
    _same("released", _flat(restored.released, disk), _flat(due.released, disk))
    _same("received", sorted(restored.received), sorted(due.received))
    _same("withheld", sorted(restored.withheld), sorted(due.withheld))
    _same("epoch", restored.epoch, due.epoch)
    _same("group", restored.group, due.group)
    _same("to be released", restored.unreleased, due.unreleased)
    _same("elsewhere", _states(restored), _states(due))
    if due.last_packet_id:
        _same("the last packet identifier", restored.last_packet_id, due.last_packet_id)
    flying = {row.seq for _, row in (*restored.sent, *restored.released)}
    queries = _queries(outbox)
    found = [row for priority in CLASSES for row in queries.waiting(priority) if row.seq not in flying]
    _same("unsent", _by_number(found, disk), _by_number(disk.backlog(), disk))
    parked = queries.by_keys(queries.parked_keys())
    _same("parked", _by_number(parked, disk), _by_number(disk.aside(), disk))
    _same("the last number", outbox.last, disk.last)
    _same("dead letters", _letters(outbox), disk.letters)
    balanced(outbox, disk)


def _states(restored: Restored) -> Any:
    """The other sessions; identifiers that have no order, sorted."""
    states = {}
    for name, one in restored.elsewhere.items():
        held = sorted(one.withheld), sorted(one.received)
        states[name] = (one.epoch, one.lost, one.unanswered, one.unreleased, held)
    return states


def _queries(outbox: SqliteOutbox) -> Queries:
    assert outbox._opened is not None
    return outbox._opened.queries


def _letters(outbox: SqliteOutbox) -> dict[int, bytes]:
    """Payloads by number."""
    assert outbox._opened is not None
    return {letter.number: letter.payload for letter in dead.read(outbox._opened.reader)}


def _by_number(rows: Iterable[Outgoing], disk: Disk) -> list[Any]:
    return sorted(_told(row, disk) for row in rows)


def glance(disk: Disk, reader: sqlite3.Connection) -> None:
    """What anybody who reads the file sees at this moment is what the last commit has left."""
    there = {key for (key,) in reader.execute("SELECT id FROM message")}
    _same("rows", len(there), disk.pending())
    places = Flight(reader.execute("SELECT number, stage, entries FROM flight ORDER BY number")).places()
    for stage, due in ((SENT, disk.sent), (RELEASED, disk.released)):
        found = [
            (place[1], seq_of(key)) for key, place in places.items() if place[0] == stage and key in there
        ]
        _same(f"stage {stage}", found, [(packet_id, row.seq) for packet_id, row in due.items()])
    for kind, held in ((tables.RECEIVED, disk.received), (tables.WITHHELD, disk.withheld)):
        _same(f"identifiers of kind {kind}", sorted(tables.read_ids(reader, kind)), sorted(held))


def adopt(disk: Disk, outbox: SqliteOutbox) -> None:
    """Let the model be what a damaged file has left, or what was begun in its place."""
    queries, ledger, restored = _queries(outbox), outbox.ledger(), outbox.restore()
    disk.become(Disk().state())
    for row in (row for priority in CLASSES for row in queries.waiting(priority)):
        disk.accept(row)
        disk.tries[row.seq] = row.tries
    for row in queries.by_keys(queries.parked_keys()):
        disk.accept(row)
        disk.tries[row.seq], disk.parked[row.seq] = row.tries, disk.unsent.pop(row.seq)
    for name in ENDINGS:
        for _ in range(getattr(ledger, name)):
            disk.endings[-len(disk.endings) - 1] = name
    disk.accepted, disk.number, disk.last = ledger.accepted, outbox.durable, outbox.last
    disk.epoch, disk.packet_id = restored.epoch, restored.last_packet_id
    disk.group, disk.elsewhere = restored.group, dict(restored.elsewhere)
    disk.letters = _letters(outbox)
    disk.letter = _last_letter(outbox)


def _last_letter(outbox: SqliteOutbox) -> int:
    assert outbox._opened is not None
    found = outbox._opened.reader.execute("SELECT seq FROM sqlite_sequence WHERE name = 'dead'").fetchone()
    return found[0] if found else 0


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


def _flat(rows: list[tuple[int, Outgoing]], disk: Disk) -> list[Any]:
    return [(packet_id, _told(row, disk)) for packet_id, row in rows]


def _told(row: Outgoing, disk: Disk) -> tuple[Any, ...]:
    uncertain = row.uncertain and (row.seq in disk.uncertain or row.seq not in disk.perhaps)
    told = (row.seq, row.priority, row.topic, row.payload[:20], len(row.payload), row.qos, row.retain)
    return (*told, uncertain, row.tries)
