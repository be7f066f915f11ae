"""Waiting for commits: who waits for which is woken when it has happened, and told when none follows."""

from __future__ import annotations

import asyncio
import threading

import pytest

from holdfast.client.commits import Commits
from holdfast.errors import OutboxError


async def test_woken_by_its_commit() -> None:
    """Those that wait for a commit are woken together, later ones go on waiting; a past one is no wait."""
    durable = 0
    commits = Commits(lambda: durable)
    await commits.reached(0)
    waiting = [asyncio.create_task(commits.reached(number)) for number in (1, 1, 2)]
    await asyncio.sleep(0)
    waiting[0].cancel()
    await asyncio.sleep(0)
    durable = 1
    commits.happened()
    await waiting[1]
    assert not waiting[2].done()
    durable = 2
    commits.happened()
    await waiting[2]


async def test_many_are_woken_at_once() -> None:
    """Futures of somebody else, handed over together; for a commit that has happened they are done."""
    durable = 1
    commits = Commits(lambda: durable)
    loop = asyncio.get_running_loop()
    past, coming = loop.create_future(), [loop.create_future() for _ in range(3)]
    commits.wake_at(1, [past])
    commits.wake_at(2, coming)
    assert past.result()
    assert not any(one.done() for one in coming)
    durable = 2
    commits.happened()
    assert all(one.result() for one in coming)


async def test_told_when_no_commit_follows() -> None:
    """Each waiter gets the reason, and whoever comes later too; what has happened has happened."""
    commits = Commits(lambda: 0)
    waiting = [asyncio.create_task(commits.reached(1)) for _ in range(2)]
    gone = asyncio.create_task(commits.reached(1))
    await asyncio.sleep(0)
    gone.cancel()
    await asyncio.sleep(0)
    commits.fail(OutboxError("the disk is gone", path="x.db"))
    for one in (*waiting, commits.reached(2)):
        with pytest.raises(OutboxError, match="the disk is gone"):
            await one
    await commits.reached(0)
    with pytest.raises(OutboxError):
        commits.block(1, None)


def test_threads_wait_without_the_loop() -> None:
    """A commit wakes the threads that wait for it, whoever tells of it; others go on, or run out of time."""
    durable = 0
    commits, got = Commits(lambda: durable), list[tuple[int, bool]]()

    def wait(number: int) -> None:
        got.append((number, commits.block(number, 5)))

    threads = [threading.Thread(target=wait, args=(number,)) for number in (1, 2)]
    for thread in threads:
        thread.start()
    while len(commits._threads) < 2:
        threads[0].join(0.001)
    assert not commits.block(2, 0.01)
    durable = 1
    commits.wake_threads()
    threads[0].join(5)
    assert got == [(1, True)]
    durable = 2
    commits.happened()
    threads[1].join(5)
    assert got[1] == (2, True)
    assert commits.block(2, None)
    assert commits._threads == {}


def test_threads_are_told_when_no_commit_follows() -> None:
    """The reason is raised where they wait."""
    commits, told = Commits(lambda: 0), list[OutboxError]()

    def wait() -> None:
        try:
            commits.block(1, 5)
        except OutboxError as error:
            told.append(error)

    thread = threading.Thread(target=wait)
    thread.start()
    while not commits._threads:
        thread.join(0.001)
    commits.fail(OutboxError("the disk is gone", path="x.db"))
    thread.join(5)
    assert [str(error) for error in told] == ["the disk is gone"]


async def test_who_waits_is_known_anywhere() -> None:
    """A coroutine or a thread, for a commit that has not happened: not for one that has, told or not."""
    durable = 0
    commits = Commits(lambda: durable)
    waiting = asyncio.create_task(commits.reached(1))
    await asyncio.sleep(0)
    seen = [commits.awaited]
    durable = 1
    seen.append(commits.awaited)
    commits.happened()
    await waiting
    assert seen == [True, False]
    thread = threading.Thread(target=commits.block, args=(2, 5))
    thread.start()
    while not commits.awaited:
        thread.join(0.001)
    durable = 2
    commits.wake_threads()
    thread.join(5)
    assert not commits.awaited
