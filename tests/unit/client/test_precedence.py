"""A backlog gives way to whoever waits for a commit, and goes on all the same."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from holdfast.client import precedence as module
from holdfast.client.commits import Commits
from holdfast.client.precedence import AT_ONCE, BACKLOG, HOLD_S, RECENT_S, Precedence
from holdfast.messages import Outgoing
from holdfast.outbox.memory import MemoryOutbox
from holdfast.testing import eventually
from holdfast.testing.manual_clock import ManualClock


class Waiting:
    """A backlog, and somebody who waits for commits from time to time; wakes are counted."""

    def __init__(self, pending: int) -> None:
        self.durable, self.accepted, self.wakes = 0, 0, 0
        outbox = MemoryOutbox(ManualClock())
        outbox.accept([Outgoing(0, "t", b"", 1) for _ in range(pending)])
        self.commits = Commits(lambda: self.durable)
        self.precedence = Precedence(outbox, self.commits)
        self.precedence.wake = self._woken

    def _woken(self) -> None:
        self.wakes += 1

    def publish(self) -> None:
        self.accepted += 1
        self.commits.wake_at(self.accepted, [asyncio.get_running_loop().create_future()])

    def commit(self) -> None:
        self.durable = self.accepted
        self.commits.happened()

    def rooms(self) -> list[int]:
        return [self.precedence.room(1000), self.precedence.room(1000)]


@pytest.fixture
def advance(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Lets the time pass that the class sees."""
    now = [1000.0]
    monkeypatch.setattr(module, "monotonic", lambda: now[0])

    def advance(seconds: float) -> None:
        now[0] += seconds

    return advance


async def test_nobody_publishes(advance: Callable[[float], None]) -> None:
    """All there is room for, at once."""
    waiting = Waiting(BACKLOG + 1)
    assert waiting.rooms() == [1000, 1000]


async def test_without_a_backlog_everything_goes(advance: Callable[[float], None]) -> None:
    """What was just accepted leaves under the commit it is in, whoever waits for it."""
    waiting = Waiting(BACKLOG)
    waiting.publish()
    assert waiting.rooms() == [1000, 1000]


async def test_nothing_while_somebody_waits(advance: Callable[[float], None]) -> None:
    """Not a row, until the commit has happened; the engine is asked to look again when it must go on."""
    waiting = Waiting(BACKLOG + 1)
    waiting.publish()
    assert waiting.rooms() == [AT_ONCE, 0]  # nothing was sent for long
    await asyncio.sleep(0)
    assert waiting.wakes == 1
    assert waiting.rooms() == [0, 0]
    await eventually(lambda: waiting.wakes == 2)  # once, however often it was asked
    waiting.commit()
    assert waiting.rooms() == [AT_ONCE, 0]


async def test_small_parts_while_somebody_may_publish_again(advance: Callable[[float], None]) -> None:
    """One per turn of the loop for a while; then as much as there is room for."""
    waiting = Waiting(BACKLOG + 1)
    waiting.publish()
    waiting.rooms()
    waiting.commit()
    for _ in range(3):
        await asyncio.sleep(0)
        assert waiting.precedence.room(5) == 5
        assert waiting.precedence.room(1000) == 0
    advance(1.1 * RECENT_S)
    assert waiting.rooms() == [1000, 1000]


async def test_who_publishes_without_a_pause_does_not_stop_it(advance: Callable[[float], None]) -> None:
    """At least one part in so much time."""
    waiting = Waiting(BACKLOG + 1)
    sent = 0
    for _ in range(100):
        waiting.publish()
        sent += sum(waiting.rooms())
        await asyncio.sleep(0)
        waiting.commit()
        advance(0.6 * HOLD_S)
    assert sent == 50 * AT_ONCE


async def test_no_room_is_no_part(advance: Callable[[float], None]) -> None:
    """Where the window is full nothing is spent."""
    waiting = Waiting(BACKLOG + 1)
    waiting.publish()
    assert [waiting.precedence.room(0), waiting.precedence.room(7)] == [0, 7]
