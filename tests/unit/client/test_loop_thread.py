"""A thread with a loop: what it does at its end, asked for or not."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Iterator

import pytest

from holdfast.client.loop_thread import LoopThread

NAME = "test loop"


class Running:
    """One of them, and what it told."""

    def __init__(self) -> None:
        self.told: list[object] = []
        self.thread = LoopThread(NAME, self._last, self.told.append)

    async def _last(self) -> None:
        self.told.append("last")

    def names(self) -> list[str]:
        """Its threads that there still are."""
        return [thread.name for thread in threading.enumerate() if thread.name.startswith(NAME)]


@pytest.fixture
def running() -> Iterator[Running]:
    """Started; ended behind the test."""
    running = Running()
    running.thread.start()
    yield running
    running.thread.stop(5)


def test_from_start_to_stop(running: Running) -> None:
    """What was handed over before is done, ``last`` on the loop behind it; then no thread is left."""
    loop, ran = running.thread.loop, list[int | None]()
    loop.call_soon_threadsafe(lambda: ran.append(threading.get_ident()))
    assert running.thread.stop(5)
    assert running.thread.over
    assert ran == [running.thread.ident]
    assert running.told == ["last"]
    assert running.names() == []
    assert running.thread.stop(0)


def test_tasks_and_helpers_end_with_it(running: Running) -> None:
    """A task that waits is cancelled; threads of the loop's executor end, too."""
    cancelled = threading.Event()

    async def wait() -> None:
        await asyncio.to_thread(int)
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.set()
            raise

    waiting = asyncio.run_coroutine_threadsafe(wait(), running.thread.loop)
    asyncio.run_coroutine_threadsafe(asyncio.sleep(0), running.thread.loop).result(5)
    assert running.thread.stop(5)
    assert cancelled.is_set() or waiting.done()
    assert running.names() == []


def test_it_dies(running: Running) -> None:
    """sys.exit() in a callback ends it: told with its reason, behind ``last``."""
    running.thread.loop.call_soon_threadsafe(sys.exit, 3)
    assert running.thread._over.wait(5)
    running.thread._thread.join(5)
    assert running.told[0] == "last"
    assert isinstance(running.told[1], SystemExit)


def test_its_loop_is_stopped_by_somebody(running: Running) -> None:
    """No error, but an end that nobody asked for: told."""
    running.thread.loop.call_soon_threadsafe(running.thread.loop.stop)
    assert running.thread._over.wait(5)
    running.thread._thread.join(5)
    assert running.told == ["last", None]


def test_a_blocked_one_is_left_behind(running: Running) -> None:
    """stop() waits no longer than it may; the thread ends when what blocks it does."""
    blocked = threading.Event()
    running.thread.loop.call_soon_threadsafe(blocked.wait)
    assert not running.thread.stop(0.05)
    assert not running.thread.over
    blocked.set()
    assert running.thread.stop(5)


def test_a_helper_that_hangs_holds_nothing_up(running: Running) -> None:
    """A lookup that never returns: the loop has ended in time, and its thread is a daemon."""
    hangs = threading.Event()

    async def look_up() -> None:
        await asyncio.get_running_loop().run_in_executor(None, hangs.wait)

    asyncio.run_coroutine_threadsafe(look_up(), running.thread.loop)
    asyncio.run_coroutine_threadsafe(asyncio.sleep(0), running.thread.loop).result(5)
    assert running.thread.stop(5)
    assert running.thread._thread.daemon
    hangs.set()
    running.thread._thread.join(5)
    assert running.names() == []
