"""One file and its commits: outbox time in it, and the epoch that begins on a stale one."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from holdfast.messages import Outgoing
from holdfast.outbox import tables
from holdfast.outbox.keys import seq_of
from holdfast.protocol import Assigned, EpochBegan, Received, Released
from holdfast.testing.manual_clock import ManualClock
from tests.contracts.outboxes import wait
from tests.unit.outbox.files import accept, open_outbox, query, reading, write


def test_every_commit_says_when_it_was(path: Path) -> None:
    """Outbox time and the wall clock, for the process that finds them after a restart of the machine."""
    clock = ManualClock(now=100, wall=1_700_000_000)
    outbox = open_outbox(path, clock=clock)
    clock.advance(7)
    accept(outbox)
    outbox.close()
    assert query(path, "SELECT at, wall FROM books") == [(7, 1_700_000_007)]


def test_a_clock_that_is_set_ages_only_what_is_old(path: Path) -> None:
    """Contract 27: begun in 1970 after eight hours off; what was accepted since is fresh, in any class."""
    clock = ManualClock()
    outbox = open_outbox(path, clock=clock)
    wait(outbox, outbox.accept([expiring(clock, 60), expiring(clock, 10 * 3600)]))
    outbox.close()
    right = clock.wall() + 8 * 3600
    clock.reboot(wall=0)
    outbox = open_outbox(path, clock=clock)
    wait(outbox, outbox.accept([expiring(clock, 60, priority) for priority in (0, 1, 2)]))
    clock.advance(10)
    clock.jump_wall(right + 10 - clock.wall())
    accept(outbox)
    timeline = outbox._codec.timeline
    assert timeline.now() == pytest.approx(8 * 3600 + 10)
    ask = reading(outbox)
    assert list(map(seq_of, ask.due(timeline.now(), 10))) == [1]
    rows = ask.by_keys(ask.due(timeline.now() + 10 * 3600, 10)[1:])
    left = {row.seq: (row.expires_at or 0) - clock.now() for row in rows}
    assert left == {2: pytest.approx(2 * 3600 - 10), **dict.fromkeys((3, 4, 5), pytest.approx(50))}
    outbox.close()


def expiring(clock: ManualClock, seconds: float, priority: int = 1) -> Outgoing:
    return Outgoing(0, "t", b"", 1, expires_at=clock.now() + seconds, priority=priority)


def test_a_restored_file_begins_a_new_epoch(path: Path) -> None:
    """Contract 26: the broker has moved on. All is unsent, QoS 2 uncertain, the session told."""
    outbox = open_outbox(path)
    rows = accept(outbox, 4, qos=2)
    write(outbox, EpochBegan(3), Assigned([(1 + n, row) for n, row in enumerate(rows[:3])]), Released([1]))
    write(outbox, Received([5]))
    outbox.close()
    restore(path)
    for epoch in (4, 5):  # until a session has begun anew, every opening says so
        outbox = open_outbox(path)
        restored = outbox.restore()
        assert (restored.lost, restored.epoch) == (True, epoch)
        assert (restored.sent, restored.released, restored.received) == ([], [], [])
        assert [row.uncertain for row in outbox.take(10)] == [True, True, True, False]
        assert query(path, "SELECT count(*) FROM flight") == [(0,)]
        outbox.close()


def restore(path: Path) -> None:
    """What a restore leaves in a file."""
    db = sqlite3.connect(path, isolation_level=None)
    tables.write_meta(db, restored="backup")
    db.close()


def test_a_new_session_ends_the_doubt(path: Path) -> None:
    """With EpochBegan the file is as good as any: the next process resumes."""
    open_outbox(path).close()
    restore(path)
    outbox = open_outbox(path)
    (row,) = accept(outbox, 1)
    write(outbox, EpochBegan(2), Assigned([(7, row)]))
    outbox.close()
    outbox = open_outbox(path)
    restored = outbox.restore()
    assert (restored.lost, [packet_id for packet_id, _ in restored.sent]) == (False, [7])
    outbox.close()
