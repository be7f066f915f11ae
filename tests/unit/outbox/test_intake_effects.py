"""What becomes of the file when messages that came in are kept, handled or given up."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from holdfast.outbox import dead, intake_effects
from holdfast.outbox.intake import Held
from holdfast.outbox.sqlite import SqliteOutbox
from holdfast.protocol import Failed
from holdfast.testing.manual_clock import ManualClock
from tests.contracts.outboxes import wait
from tests.unit.outbox.files import accept, letters, open_outbox, query, write
from tests.unit.outbox.holding import Disk, failing, until


def held(count: int, **given: float) -> list[Held]:
    return [
        Held(0, "plant/#", f"plant/{one}", b"x", 2, key=f"{one}", arrived=given.get("arrived", 0.0))
        for one in range(count)
    ]


def test_what_is_let_go_twice_counts_once(path: Path) -> None:
    """A page is read again before the row that nobody can read has left the file."""
    outbox = open_outbox(path)
    messages = held(3)
    wait(outbox, outbox.intake.hold(messages))
    outbox.intake.let_go([messages[1].number])
    wait(outbox, outbox.intake.let_go([messages[0].number, messages[1].number]))
    wait(outbox, outbox.intake.hold(held(1)))
    assert outbox.intake.count() == 2
    outbox.close()


def test_an_identifier_is_found_by_its_index(path: Path) -> None:
    """Both columns of it: seeking the epoch alone, the release of 28,000 identifiers took a minute."""
    outbox = open_outbox(path)
    wait(outbox, outbox.intake.hold(held(3)))
    outbox.close()
    asked = f"EXPLAIN QUERY PLAN UPDATE inbound SET epoch = 0 WHERE {intake_effects._BOUND}"
    with closing(sqlite3.connect(path)) as db:
        ((*_, plan),) = db.execute(asked, (1, 2)).fetchall()
    assert plan.endswith("USING INDEX unreleased (epoch=? AND packet_id=?)")


def test_a_dead_letter_knows_whose_it_was(path: Path) -> None:
    """When it came, on the time of the file, its ordering key, its tries, and the number it had."""
    clock = ManualClock(wall=5_000)
    outbox = open_outbox(path, clock=clock)
    clock.advance(20)
    kept, other = held(2, arrived=5_010)
    wait(outbox, outbox.intake.hold([kept]))
    kept.tries = 4
    wait(outbox, outbox.intake.bury([kept, other], 0x83, "no such device"))
    first, second = letters(outbox)
    assert (first.owner, first.key, first.seq, first.tries) == ("plant/#", "0", 1, 4)
    assert (first.accepted_at, first.died_at, first.reason) == (10, 20, "no such device")
    assert (second.owner, second.key, second.seq, second.topic) == ("plant/#", "1", 0, "plant/1")
    outbox.close()


def test_letters_of_both_ways_share_their_room(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest give way, whichever way they went."""
    monkeypatch.setattr(dead, "MOST", 3)
    outbox = open_outbox(path)
    write(outbox, *[Failed(row, 0x97, "") for row in accept(outbox, 2)])
    wait(outbox, outbox.intake.bury(held(2), 0, "no"))
    assert [letter.owner for letter in letters(outbox)] == [None, "plant/#", "plant/#"]
    write(outbox, *[Failed(row, 0x97, "") for row in accept(outbox, 1)])
    assert [letter.owner for letter in letters(outbox)] == ["plant/#", "plant/#", None]
    outbox.close()


def test_only_the_newest_digests_are_remembered(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of each owner so many, deleted some at a time; after a restart they are counted anew."""
    monkeypatch.setattr(intake_effects, "REMEMBERED", 10)
    monkeypatch.setattr(intake_effects, "SLACK", 5)
    outbox = open_outbox(path)
    wait(outbox, outbox.intake.saw("other", [b"o"]))
    for first in (0, 7):
        wait(outbox, outbox.intake.saw("plant/#", [bytes([first + one]) for one in range(7)]))
    assert len(outbox.intake.seen("plant/#")) == 14
    outbox.close()
    outbox = open_outbox(path)
    wait(outbox, outbox.intake.saw("plant/#", [b"x"]))
    assert outbox.intake.seen("plant/#") == {b"x", *(bytes([one]) for one in range(5, 14))}
    assert outbox.intake.seen("other") == {b"o"}
    outbox.close()


def test_a_failed_commit_counts_once(outbox: SqliteOutbox, disk: Disk) -> None:
    """Whether it had happened or not: what left the file is counted when that is known (contract 12)."""
    wait(outbox, outbox.intake.hold(held(3)))
    disk.before = failing(sqlite3.SQLITE_IOERR)
    commit = outbox.intake.let_go([1])
    until(lambda: outbox.failure is not None)
    disk.before = None
    wait(outbox, commit)
    assert outbox.intake.count() == 2
    until(lambda: outbox.failure is None)
    disk.after = failing(sqlite3.SQLITE_IOERR)
    wait(outbox, outbox.intake.let_go([2]))
    disk.after = None
    assert outbox.intake.count() == 1
    until(lambda: outbox.failure is None)
    assert query(Path(outbox.path), "SELECT number FROM inbound") == [(3,)]
