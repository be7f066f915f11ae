"""Ctrl-C within accept: what is in is counted, and what is counted is in."""

from __future__ import annotations

from functools import partial

import pytest

from holdfast.messages import HIGH, LOW, NORMAL, Outgoing, QoS
from holdfast.outbox.interrupted import commit_of, tell
from holdfast.outbox.memory import MemoryOutbox
from holdfast.testing.manual_clock import ManualClock
from tests.support.ctrl_c import interrupted


@pytest.mark.parametrize(("priority", "qos"), [(NORMAL, 1), (HIGH, 1), (LOW, 2), (NORMAL, 0)])
def test_the_books_are_those_of_what_waits(priority: int, qos: QoS) -> None:
    """Wherever it comes, as many are pending as can be taken, and one that says so has its commit."""
    place, hit = 0, True
    while hit:
        place += 1
        outbox = MemoryOutbox(ManualClock())
        row = Outgoing(0, "t", b"x", qos, priority=priority)
        hit, interrupt = interrupted(place, partial(outbox.accept, [row]))
        assert hit == (interrupt is not None), "and no lock is left behind"
        pending = outbox.pending
        assert len(outbox.take(10)) == pending
        if interrupt is not None and qos:
            assert (commit_of(interrupt) is not None) == (pending == 1)
    assert place > 3


def test_nobody_said_anything() -> None:
    """An interrupt that came before anything was accepted has no commit."""
    interrupt = KeyboardInterrupt()
    assert commit_of(interrupt) is None
    tell(interrupt, 7)
    assert commit_of(interrupt) == 7
