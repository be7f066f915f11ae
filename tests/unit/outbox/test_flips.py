"""A bit that flips anywhere in the file, a sector that goes bad: told, and the rest goes out (contract 1)."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from holdfast.errors import OutboxError
from holdfast.messages import Outgoing
from holdfast.outbox.intake import Held
from holdfast.outbox.sqlite import SqliteOutbox
from holdfast.protocol import Assigned, Failed, GroupEntered, Parked, Received, Released, Settled
from holdfast.testing.manual_clock import ManualClock
from tests.contracts.outboxes import wait
from tests.unit.outbox.files import CLIENT_ID, open_outbox, query, write

SECTOR = 512
FLIPS = 300
MANY = 10_000


@pytest.fixture
def file(tmp_path: Path) -> bytes:
    """With rows in every stage and class, what came in, dead letters of both, and a session elsewhere."""
    outbox = open_outbox(tmp_path / "whole.db")
    rows = [_row(number) for number in range(60)]
    outbox.accept(rows)
    write(outbox)
    write(outbox, Received([4, 5]), GroupEntered("other.example:1883", [6], [8, 7]))
    taken = outbox.take(20)
    write(outbox, Assigned([(100 + place, row) for place, row in enumerate(taken)]))
    ones = [row for row in taken if row.qos == 1]
    twos = [100 + place for place, row in enumerate(taken) if row.qos == 2]
    write(outbox, Received([1, 2, 3]), Released(twos[:3]), Settled(ones[:2], "acknowledged"))
    write(outbox, Failed(ones[2], 0x97, "no"), Parked(ones[3], 0x95, "too large"))
    inwards = [_came_in(number) for number in range(20)]
    wait(outbox, outbox.intake.hold(inwards))
    wait(outbox, outbox.intake.bury(inwards[3:4], 0x83, "no"))
    wait(outbox, outbox.intake.saw("plant/#", [bytes([number]) * 16 for number in range(20)]))
    wait(outbox, outbox.intake.begun("plant/#", bytes(16)))
    assert outbox.close(10)
    return (tmp_path / "whole.db").read_bytes()


def _row(number: int) -> Outgoing:
    return Outgoing(
        0,
        f"plant/{number}",
        b"x" * (number * 7 % 300),
        2 if number % 2 else 1,
        properties={"content_type": "a"} if number % 3 == 0 else {},
        expires_at=9_000.0 if number % 4 == 0 else None,
        priority=number % 3,
    )


def _came_in(number: int) -> Held:
    return Held(
        *(0, f"plant/{number % 3}", f"plant/{number}", b"x" * (number * 31 % 300)),
        qos=2 if number % 2 else 1,
        properties={"content_type": "a"} if number % 2 else {},
        key=f"{number}" if number % 4 else None,
        next_at=50.0 if number % 5 else 0.0,
        epoch=1,
        packet_id=number,
    )


def harmed(file: bytes, dice: Random) -> bytes:
    place = dice.randrange(len(file))
    if dice.random() < 0.8:
        return file[:place] + bytes([file[place] ^ 1 << dice.randrange(8)]) + file[place + 1 :]
    start = place - place % SECTOR
    bad = dice.choice((bytes(SECTOR), dice.randbytes(SECTOR)))
    return file[:start] + bad + file[start + SECTOR :]


def drain(outbox: SqliteOutbox) -> int:
    """Everything that comes out, is given up because it cannot, or is parked."""
    ended: list[Outgoing] = []
    outbox.on_ended = lambda rows, ending, why: ended.extend(rows)
    restored = outbox.restore()
    came = len(restored.sent) + len(restored.released)
    for second in range(4):
        while rows := outbox.take(1000):
            came += len(rows)
        outbox.sweep(2_000.0 + second)
    return came + len(ended) + outbox.parked


def open_harmed(path: Path, file: bytes) -> str:
    """What became of it."""
    path.write_bytes(file)
    outbox = SqliteOutbox(path, ManualClock(), durability="process")
    try:
        outbox.open(CLIENT_ID)
    except OutboxError:
        return "refused"
    pending = outbox.pending
    assert drain(outbox) == pending
    handle(outbox)
    outbox.close(10)
    return "set aside" if outbox.set_aside else "goes on"


def handle(outbox: SqliteOutbox) -> None:
    """All that came in, whosever it is by now, leaves the file: read, or given up by name."""
    intake, numbers = outbox.intake, []
    for (owner,) in query(Path(outbox.path), "SELECT DISTINCT owner FROM inbound"):
        after = 0
        while found := intake.read(owner, after, 7):
            after = found[-1].number
            numbers += [held.number for held in found]
    intake.let_go(numbers)
    assert (len(intake.seen("plant/#")) <= 20, len(intake.attempts("plant/#")) <= 1) == (True, True)
    wait(outbox, intake.begun("plant/#", bytes(16)))
    assert intake.count() == 0


@pytest.mark.parametrize(
    "times", [pytest.param(FLIPS, id="some"), pytest.param(MANY, id="many", marks=pytest.mark.chaos)]
)
def test_damage_costs_no_more_than_it_says(tmp_path: Path, file: bytes, times: int) -> None:
    """No exception but the outbox's own; whatever it counts as pending comes out, or is given up by name."""
    dice = Random(times)
    became = {"refused": 0, "set aside": 0, "goes on": 0}
    for number in range(times):
        folder = tmp_path / str(number)
        folder.mkdir()
        became[open_harmed(folder / "outbox.db", harmed(file, dice))] += 1
        for left in folder.iterdir():
            left.unlink()
    assert became["goes on"] > became["set aside"] > became["refused"]
