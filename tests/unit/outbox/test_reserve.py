"""Room for the day the disk is full (contract 12, X8)."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from holdfast.errors import OutboxUnwritable
from holdfast.messages import Outgoing
from holdfast.outbox.intake import Held
from holdfast.outbox.reserve import MOST, Reserve
from holdfast.outbox.sqlite import SqliteOutbox
from holdfast.protocol import Assigned, Settled
from tests.contracts.outboxes import wait
from tests.support import disks
from tests.support.disks import fill_up
from tests.unit.outbox.files import CLIENT_ID, accept, open_outbox
from tests.unit.outbox.holding import until


@pytest.mark.parametrize(("budget", "size"), [(None, MOST), (1 << 30, MOST), (400_000, 100_000), (1, 1)])
def test_its_size(tmp_path: Path, budget: int | None, size: int) -> None:
    """The smaller of 1 MiB and a quarter of the budget; really there, and its owner's alone."""
    reserve = Reserve(str(tmp_path / "a.db"), budget)
    assert reserve.take()
    status = (tmp_path / "a.db.reserve").stat()
    assert (status.st_size, status.st_mode & 0o777) == (size, 0o600)
    assert status.st_blocks * 512 >= size
    assert reserve.take()
    reserve.release()
    reserve.release()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("code", "taken"), [(errno.ENOSPC, False), (errno.EDQUOT, False), (errno.EOPNOTSUPP, True)]
)
def test_no_room_and_no_such_thing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, taken: bool
) -> None:
    """No room is told; a file system that cannot reserve must not keep anybody from accepting."""

    def refuse(fd: int, offset: int, size: int) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "posix_fallocate", refuse)
    assert Reserve(str(tmp_path / "a.db"), None).take() is taken
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of four megabytes, where we may mount one."""
    with disks.small_disk(tmp_path):
        yield tmp_path


def accept_until_full(outbox: SqliteOutbox) -> None:
    with pytest.raises(OutboxUnwritable, match="full") as refused:
        accept_for_ever(outbox)
    assert "make room" in (refused.value.hint or "")


def accept_for_ever(outbox: SqliteOutbox) -> None:
    while True:
        outbox.accept([Outgoing(0, "t", bytes(500), 1) for _ in range(10)])
        outbox.begin()
        until(lambda: outbox._writer is None or not outbox._writer.waiting)


def drain(outbox: SqliteOutbox) -> int:
    """Send and end everything, as a broker that is there would have it; gives how many that were."""
    done = 0
    while rows := outbox.take(50):
        outbox.write([Assigned([(1 + row.seq % 60_000, row) for row in rows])])
        wait(outbox, outbox.write([Settled(rows, "acknowledged")]))
        done += len(rows)
    return done


@pytest.mark.parametrize("before", [0, 2000], ids=["we fill it", "others do"])
def test_a_full_outbox_drains_while_the_disk_stays_full_for_others(small_disk: Path, before: int) -> None:
    """Contract 12: accepts are refused, endings and stages go on; with room again, all is as before."""
    outbox = open_outbox(small_disk / "outbox.db", durability="power")
    if before:
        accept(outbox, before, payload=bytes(500))
        fill_up(small_disk / "theirs")
    accept_until_full(outbox)
    accepted = outbox.pending
    fill_up(small_disk / "theirs")
    assert drain(outbox) == accepted > 1000
    ledger = outbox.ledger()
    assert (ledger.pending, ledger.acknowledged) == (0, accepted)
    (small_disk / "theirs").unlink()
    until(lambda: outbox._writer is not None and outbox._writer.failure is None)
    accept(outbox)
    assert outbox.close(10)
    outbox = open_outbox(small_disk / "outbox.db")
    assert (outbox.ledger().acknowledged, outbox.pending, outbox.mended) == (accepted, 1, None)
    outbox.close()


def test_opened_on_a_full_disk_it_drains(small_disk: Path) -> None:
    """Without room for the reserve nothing is accepted from the start, and what is there can leave."""
    outbox = open_outbox(small_disk / "outbox.db")
    accept(outbox, 100)
    assert outbox.close(10)
    (small_disk / "outbox.db.reserve").unlink()
    fill_up(small_disk / "theirs")
    with (small_disk / "theirs").open("r+b") as file:  # a little: not enough for the reserve
        file.truncate(os.path.getsize(small_disk / "theirs") - MOST // 2)
    outbox.open(CLIENT_ID)
    with pytest.raises(OutboxUnwritable):
        outbox.accept([Outgoing(0, "t", b"", 1)])
    assert drain(outbox) == 100
    assert outbox.close(10)


def hold_until_full(outbox: SqliteOutbox) -> int:
    """Gives how many are kept."""
    with pytest.raises(OutboxUnwritable, match="full"):
        hold_for_ever(outbox)
    until(lambda: outbox._writer is not None and outbox._writer.settled)
    return outbox.intake.count()


def hold_for_ever(outbox: SqliteOutbox) -> None:
    while True:
        wait(outbox, outbox.intake.hold([Held(0, "a/#", "a/b", bytes(500)) for _ in range(10)]))


def test_a_full_disk_refuses_what_came_in(small_disk: Path) -> None:
    """Whoever was to hold it leaves it to the broker; what is held is read and let go all the same."""
    outbox = open_outbox(small_disk / "outbox.db", durability="power")
    kept = hold_until_full(outbox)
    assert kept > 1000
    assert not outbox.intake.room(1)
    fill_up(small_disk / "theirs")
    handled = 0
    while found := outbox.intake.read("a/#", 0, 50):
        found[0].tries = 1
        outbox.intake.again(found[0])
        wait(outbox, outbox.intake.let_go([held.number for held in found]))
        handled += len(found)
    assert (handled, outbox.intake.count()) == (kept, 0)
    (small_disk / "theirs").unlink()
    until(lambda: outbox.intake.room(1))
    wait(outbox, outbox.intake.hold([Held(0, "a/#", "a/b", b"")]))
    assert outbox.close(10)
