"""The thread that commits: what shares a commit, and what may lag (contract 11)."""

from __future__ import annotations

import time
from pathlib import Path
from threading import current_thread
from typing import Any

import pytest

from holdfast.outbox import writer as writing
from holdfast.outbox.sqlite import SqliteOutbox
from holdfast.protocol import Assigned, Completed, Failed, Settled
from tests.contracts.outboxes import wait
from tests.unit.outbox.files import accept, query
from tests.unit.outbox.holding import Disk, rows, until


def test_what_comes_during_a_commit_shares_the_next(outbox: SqliteOutbox, disk: Disk) -> None:
    """Contract 11: no collection delay, and never two commits for what one can take."""
    disk.hold()
    outbox.accept(rows())
    outbox.begin()
    assert disk.reached.wait(10)
    numbers = {outbox.accept(rows(2)) for _ in range(50)}
    assert len(numbers) == 1
    disk.free.set()
    wait(outbox, *numbers)
    assert [len(group.rows) for group in disk.groups] == [1, 100]


def test_a_turn_shares_one_commit(outbox: SqliteOutbox, disk: Disk) -> None:
    """What is accepted and what becomes of it before begin() is one commit, not two turns of the disk."""
    group = rows()
    outbox.accept(group)
    wait(outbox, outbox.write([Assigned([(1, group[0])])]))
    assert len(disk.groups) == 1


def test_durable_grows_on_the_writers_thread(outbox: SqliteOutbox) -> None:
    """on_durable is called there, after the commit; never on the thread that accepts."""
    told: list[tuple[int, bool]] = []
    here = current_thread()
    outbox.on_durable = lambda: told.append((outbox.durable, current_thread() is here))
    commit = outbox.accept(rows())
    outbox.begin()
    until(lambda: told)
    assert told == [(commit, False)]


def test_who_is_told_may_fail(outbox: SqliteOutbox) -> None:
    """A loop that has ended meanwhile: committing goes on."""

    def fail() -> None:
        raise RuntimeError("Event loop is closed")

    outbox.on_durable = fail
    accept(outbox)
    accept(outbox)


@pytest.mark.parametrize(
    "end",
    [
        lambda row: Settled([row], "acknowledged"),
        lambda row: Failed(row, 0x97, ""),
        lambda row: Completed([1]),
    ],
)
def test_an_ending_begins_no_commit_of_its_own(outbox: SqliteOutbox, disk: Disk, end: Any) -> None:
    """It may lag: a message accepted right behind it shares its commit; alone it waits LAG_S."""
    one, two = accept(outbox, 2)
    disk.groups.clear()
    outbox.write([end(one)])
    outbox.begin()
    for _ in range(5):
        time.sleep(writing.LAG_S / 50)
        assert disk.groups == []
    accept(outbox)
    assert [(len(group.rows), len(group.records)) for group in disk.groups] == [(1, 1)]
    began = time.monotonic()
    commit = outbox.write([end(two)])
    outbox.begin()
    until(lambda: outbox.durable >= commit)
    assert time.monotonic() - began >= writing.LAG_S * 0.9


def test_a_withheld_identifier_does_not_lag(outbox: SqliteOutbox, disk: Disk) -> None:
    """Contract 8: what is resent next would overtake the row if it came back."""
    (row,) = accept(outbox, 1)
    began = time.monotonic()
    commit = outbox.write([Failed(row, 0x95, "", withheld=3)])
    outbox.begin()
    until(lambda: outbox.durable >= commit)
    assert time.monotonic() - began < writing.LAG_S


def test_closing_commits_what_lags(outbox: SqliteOutbox, disk: Disk) -> None:
    """And what nobody began; nothing is lost by an orderly end."""
    (row,) = accept(outbox, 1)
    outbox.write([Settled([row], "acknowledged")])
    outbox.begin()
    outbox.accept(rows(3))
    assert outbox.close(10)
    assert query(Path(outbox.path), "SELECT accepted, acknowledged FROM books") == [(4, 1)]
