"""Dead letters: where failed messages lie; test_effects.py shows how they come there."""

from __future__ import annotations

from pathlib import Path

import pytest

from holdfast.outbox import dead
from holdfast.outbox.sqlite import SqliteOutbox
from holdfast.protocol import Failed
from holdfast.testing.manual_clock import ManualClock
from tests.unit.outbox.files import accept, letters, open_outbox, write


def test_a_reason_is_said_in_words() -> None:
    """The standard's name of the code, and what was said beside it, if anything was."""
    assert dead.sentence(0x97, "") == "Quota exceeded"
    assert dead.sentence(0x97, "come back on Monday") == "Quota exceeded: come back on Monday"


def test_they_are_read_by_number(path: Path) -> None:
    """All, or those that there are, oldest first; a restart changes nothing."""
    outbox = filled(path, 3)
    outbox.close()
    outbox = open_outbox(path)
    assert outbox._opened is not None
    reader = outbox._opened.reader
    assert (dead.numbers(reader), dead.count(reader)) == ([1, 2, 3], 3)
    assert [letter.seq for letter in dead.read(reader)] == [1, 2, 3]
    assert [letter.number for letter in dead.read(reader, [3, 7, 1])] == [3, 1]
    outbox.close()


def filled(path: Path, count: int, clock: ManualClock | None = None) -> SqliteOutbox:
    outbox = open_outbox(path, clock=clock)
    write(outbox, *(Failed(row, 0x97, "") for row in accept(outbox, count)))
    return outbox


def test_they_know_when_they_were_accepted_and_died(path: Path) -> None:
    """Outbox time: the restart of a machine is between, and eight hours."""
    clock = ManualClock()
    outbox = open_outbox(path, clock=clock)
    rows = accept(outbox, 1)
    outbox.close()
    clock.reboot(off_s=8 * 3600)
    outbox = open_outbox(path, clock=clock)
    write(outbox, *(Failed(row, 0x97, "") for row in outbox.take(len(rows))))
    (letter,) = letters(outbox)
    assert letter.accepted_at == 0
    assert letter.died_at == pytest.approx(8 * 3600)
    outbox.close()


def test_they_count_against_no_budget(path: Path) -> None:
    """Not pending, and no bytes of theirs are in the way of new messages."""
    outbox = filled(path, 5)
    assert (outbox.pending, outbox.ledger().failed) == (0, 5)
    outbox.close()
    outbox = open_outbox(path)
    assert outbox._opened is not None
    assert (outbox.pending, outbox._opened.bytes, outbox.mended) == (0, 0, None)
    outbox.close()
