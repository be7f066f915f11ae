"""A backlog gives way to whoever waits for a commit, and goes on all the same."""

from __future__ import annotations

import asyncio

from holdfast.client.commits import Commits
from holdfast.client.precedence import AT_ONCE, BACKLOG, Precedence
from holdfast.messages import Outgoing
from holdfast.outbox import MemoryOutbox
from holdfast.testing.manual_clock import ManualClock


def outbox(pending: int) -> MemoryOutbox:
    """So many messages wait in it."""
    made = MemoryOutbox(ManualClock())
    made.accept([Outgoing(0, "t", b"", 1) for _ in range(pending)])
    return made


async def test_a_small_part_per_commit() -> None:
    """As long as somebody waits: then nothing more until a commit has happened, whichever it is."""
    durable = 0
    commits = Commits(lambda: durable)
    precedence = Precedence(outbox(BACKLOG + 1), commits)
    assert [precedence.room(1000), precedence.room(1000)] == [1000, 1000]
    commits.wake_at(2, [asyncio.get_running_loop().create_future()])
    assert [precedence.room(1000), precedence.room(1000)] == [AT_ONCE, 0]
    precedence.committed()
    assert [precedence.room(5), precedence.room(1000)] == [5, 0]
    durable = 2
    commits.happened()
    precedence.committed()
    assert [precedence.room(1000), precedence.room(1000)] == [1000, 1000]


async def test_without_a_backlog_everything_goes() -> None:
    """What was just accepted leaves under the commit it is in, whoever waits for it."""
    commits = Commits(lambda: 0)
    precedence = Precedence(outbox(BACKLOG), commits)
    commits.wake_at(1, [asyncio.get_running_loop().create_future()])
    assert [precedence.room(1000), precedence.room(1000)] == [1000, 1000]
