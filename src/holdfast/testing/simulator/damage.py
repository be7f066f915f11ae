"""A bit that flips, or a sector that goes bad, in what a dead process has left (contract 1).

A file that was harmed is opened in between, looked at, and put back as it was; now and then the next
process has to live on with it. Either nothing is missing, or the last commit is, as a power cut would
have it, or it is said: the file is set aside, and a new one begun. What stands in the payload of a row
nobody can check: SQLite has no checksums there.
"""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from holdfast.errors import OutboxError
from holdfast.messages import Outgoing
from holdfast.outbox.sqlite import SqliteOutbox
from holdfast.testing.simulator.images import SECTOR, Image, written
from holdfast.testing.simulator.promises import Promise, PromiseBroken
from holdfast.testing.simulator.scenario import CLIENT_ID
from holdfast.testing.simulator.schedule import Owner

if TYPE_CHECKING:
    from holdfast.testing.simulator.world import World


def harmed(rng: Random, image: Image) -> tuple[str, Image]:
    """Where, and what it is like now."""
    file, log = image
    end = written(log) if log else 0
    if end and rng.random() < 0.5:
        return "log", (file, _flip(rng, log, end))
    if rng.random() < 0.7:
        return "file", (_flip(rng, file, len(file)), log)
    start = SECTOR * rng.randrange(len(file) // SECTOR)
    return "file", (file[:start] + rng.randbytes(SECTOR) + file[start + SECTOR :], log)


def _flip(rng: Random, data: bytes, end: int) -> bytes:
    place, bit = rng.randrange(end), 1 << rng.randrange(8)
    return data[:place] + bytes((data[place] ^ bit,)) + data[place + 1 :]


def try_out(world: World, image: Image) -> tuple[str, SqliteOutbox]:
    """Harm what is on the disk, and see what becomes of it: what did, and the outbox it was opened as."""
    where, worse = harmed(world.rng, image)
    world.medium.restore(worse)
    nobody = Owner()
    nobody.alive = False
    outbox = world.medium.outbox(nobody)
    try:
        outbox.open(CLIENT_ID)
    except OutboxError as error:
        world.note("damage to the %s: %s", where, type(error).__name__)
        return "refused", outbox
    try:
        outcome = _outcome(world, outbox)
        world.note("damage to the %s: %s", where, outcome)
        _drained(outbox)
    finally:
        world.medium.let_go(outbox)
    return outcome, outbox


def _outcome(world: World, outbox: SqliteOutbox) -> str:
    disk, number, ledger = world.disk, outbox.durable, outbox.ledger()
    if outbox.set_aside:
        return "set aside"
    if outbox.mended:
        return "mended"
    if number == disk.number and ledger.pending == disk.pending():
        return "nothing missing"
    if number == disk.number - 1:
        return "a torn tail"
    raise PromiseBroken(
        Promise.DAMAGE_TOLD,
        f"the file is at commit {number} of {disk.number}, {ledger.pending} of {disk.pending()} rows pending",
    )


def _drained(outbox: SqliteOutbox) -> None:
    """Everything that is there comes out, and once; a file that was begun anew takes new messages."""
    outbox.accept([Outgoing(0, "out/a", b"", 1)])
    found = {row.seq for rows in (outbox.restore().sent, outbox.restore().released) for _, row in rows}
    while rows := outbox.take(1000):
        numbers = [row.seq for row in rows]
        if not found.isdisjoint(numbers) or len(set(numbers)) < len(numbers):
            raise PromiseBroken(Promise.TAKEN_ONCE, f"{numbers}, after {found}")
        found.update(numbers)
    if len(found) not in (outbox.pending, outbox.pending - 1):
        raise PromiseBroken(Promise.DAMAGE_TOLD, f"{outbox.pending} rows are pending, {len(found)} came")
