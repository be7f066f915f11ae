"""A bit that flips, or a sector that goes bad, in what a dead process has left (contract 1).

A file that was harmed is opened in between, looked at, and put back as it was; now and then the next
process has to live on with it. Either nothing is missing, or the last commit is, as a power cut would
have it, or it is said: the file is set aside, and a new one begun. What stands in the payload of a row
nobody can check: SQLite has no checksums there.
"""

from __future__ import annotations

from contextlib import suppress
from random import Random
from typing import TYPE_CHECKING

from holdfast.errors import OutboxError
from holdfast.messages import Outgoing
from holdfast.outbox.sqlite import SqliteOutbox
from holdfast.testing.simulator.images import FRAME, HEADER, PAGE, SECTOR, Image, written
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
        place = rng.randrange(end)
        in_header = place >= HEADER and (place - HEADER) % (FRAME + PAGE) < FRAME
        return "header of a frame" if in_header else "log", (file, _flip(rng, log, place))
    if rng.random() < 0.7:
        return "file", (_flip(rng, file, rng.randrange(len(file))), log)
    start = SECTOR * rng.randrange(len(file) // SECTOR)
    return "file", (file[:start] + rng.randbytes(SECTOR) + file[start + SECTOR :], log)


def _flip(rng: Random, data: bytes, place: int) -> bytes:
    bit = 1 << rng.randrange(8)
    return data[:place] + bytes((data[place] ^ bit,)) + data[place + 1 :]


def try_out(world: World, image: Image) -> tuple[SqliteOutbox, bool]:
    """Harm what is on the disk, and see what becomes of it; whether a process has to live with that."""
    where, worse = harmed(world.rng, image)
    world.medium.restore(worse)
    nobody = Owner()
    nobody.alive = False
    outbox = world.medium.outbox(nobody)
    outcome = "refused"
    with suppress(OutboxError):
        outbox.open(CLIENT_ID, world.sites.groups)
        outcome = _outcome(world, outbox, 2 if where == "header of a frame" else 1)
    goes_on = outcome in ("set aside", "mended") and world.rng.random() < 0.3
    world.note("damage to the %s: %s", where, outcome)
    world.paths[f"damage to the {where}: {outcome}"] += 1
    if goes_on:
        world.start_over(outbox)
    elif outcome != "refused":
        _drained(outbox)
    world.medium.let_go(outbox)
    return outbox, goes_on


def _outcome(world: World, outbox: SqliteOutbox, torn: int) -> str:
    """``torn``: so many commits may look as if a power cut had interrupted one, whose end nobody can see."""
    disk, number, ledger = world.disk, outbox.durable, outbox.ledger()
    if outbox.restore().lost and (outbox.set_aside or outbox.mended):
        return "set aside" if outbox.set_aside else "mended"
    if number >= disk.number and ledger.pending == disk.pending():  # a count that is too high loses nothing
        return "nothing missing"
    if disk.number - torn <= number < disk.number:
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
    assert outbox._opened is not None
    broken = len(outbox._opened.queries.broken)  # a message that is none any more, which is told in time
    due = outbox.pending - outbox.parked - broken
    if len(found) not in (due, due - 1):
        raise PromiseBroken(Promise.TAKEN_ONCE, f"{due} rows wait, {len(found)} came")
