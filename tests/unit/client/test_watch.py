"""A loop that does not run: how long, by what, and who else did not."""

from __future__ import annotations

import asyncio
import logging
import os
import re
import signal
import subprocess
import sys
import textwrap
import threading
import time

import pytest

from holdfast.client import watch
from holdfast.client.watch import Watched, place_of
from holdfast.resilience.stall import Stall
from holdfast.testing import eventually

QUICK_TICK_S, QUICK_STALL_S = 0.05, 0.2


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Twenty looks a second, so that a test need not block for long."""
    monkeypatch.setattr(watch, "TICK_S", QUICK_TICK_S)
    monkeypatch.setattr(watch, "STALL_S", QUICK_STALL_S)


def watchers() -> int:
    """The threads that watch."""
    return sum(thread.name == "holdfast watch" for thread in threading.enumerate())


def block(seconds: float) -> None:
    """Other threads run meanwhile."""
    threading.Event().wait(seconds)


async def begun(watched: Watched) -> None:
    """It has been asked at least once, and has answered."""
    first = watched._watch._looked
    await eventually(lambda: watched._watch._looked > first and watched._asked is None)


async def test_a_blocked_loop_is_measured_and_named() -> None:
    """Its length, and the line of ours that blocked it, not that of the library it called."""
    told: list[Stall] = []
    watched = Watched(told.append)
    await begun(watched)
    block(0.5)
    await eventually(lambda: told)
    watched.close()
    assert told[0].cause == "loop"
    assert 0.5 - 2 * QUICK_TICK_S <= told[0].blocked_s < 1
    assert told[0].where is not None
    assert re.fullmatch(r"block \(test_watch.py:\d+\)", told[0].where)
    assert watchers() == 0


async def test_it_is_known_before_it_is_told() -> None:
    """Whoever judges a link in the first turn behind it knows of it, and for a while after."""
    watched = Watched(lambda stall: None)
    await begun(watched)
    assert watched.recent() is None
    block(0.5)
    during = watched.recent()
    assert during is not None
    assert during.cause == "loop"
    await eventually(lambda: watched._last is not None)
    after = watched.recent()
    assert after is not None
    assert after.blocked_s >= 0.3
    watched.close()


async def test_code_that_keeps_the_gil_is_told_apart() -> None:
    """No thread ran, and the CPU did: the watching thread was kept as well, so nothing was seen."""
    told: list[Stall] = []
    watched = Watched(told.append)
    await begun(watched)
    began = time.monotonic()
    sum(range(5_000_000))
    each = (time.monotonic() - began) / 5_000_000
    sum(range(int(0.8 / each)))  # one call of C, which lets nobody in
    assert watched.recent() is not None
    await eventually(lambda: told)
    watched.close()
    assert (told[0].cause, told[0].where) == ("gil", None)


def test_a_process_that_stood_still() -> None:
    """Stopped by a signal: no CPU was used, and it says so."""
    program = """
        import asyncio, sys
        from holdfast.client import watch
        watch.TICK_S, watch.STALL_S = 0.05, 0.3
        async def main():
            told = asyncio.Queue()
            watched = watch.Watched(told.put_nowait)
            await asyncio.sleep(0.2)
            print("go", flush=True)
            stall = await told.get()
            print(stall.cause, stall.where, round(stall.blocked_s, 1), flush=True)
            watched.close()
        asyncio.run(main())
    """
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(program)], stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "go\n"
        os.kill(child.pid, signal.SIGSTOP)
        block(1)
        os.kill(child.pid, signal.SIGCONT)
        cause, where, length = child.stdout.readline().split()
    assert (cause, where) == ("process", "None")
    assert 0.7 <= float(length) <= 2


async def test_many_on_one_thread() -> None:
    """Two clients are watched by one thread, which ends with the last of them."""
    told: list[Stall] = []
    first, second = Watched(told.append), Watched(told.append)
    assert watchers() == 1
    await begun(first)
    await begun(second)
    block(0.5)
    await eventually(lambda: len(told) == 2)
    first.close()
    assert watchers() == 1
    second.close()
    assert watchers() == 0
    third = Watched(told.append)
    await begun(third)
    third.close()
    assert watchers() == 0


@pytest.mark.parametrize("asked", [False, True])
def test_a_loop_that_was_closed(asked: bool) -> None:
    """Under its client, which never said so: it is forgotten, asked already or not, and the thread ends."""
    made: list[Watched] = []

    async def make() -> None:
        made.append(Watched(lambda stall: None))
        made[0]._asked = time.monotonic() if asked else None

    asyncio.run(make())
    deadline = time.monotonic() + 5
    while watchers():
        assert time.monotonic() < deadline
        time.sleep(0.001)
    made[0].close()


async def test_blocked_for_good(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """A loop that may never come back is said aloud while it is blocked, once."""
    monkeypatch.setattr(watch, "STILL_S", 0.2)
    caplog.set_level(logging.WARNING, "holdfast")
    watched = Watched(lambda stall: None)
    await begun(watched)
    block(0.6)
    assert caplog.text.count("the event loop is blocked since") == 1
    watched.close()


def test_a_forked_child_begins_anew() -> None:
    """The thread is the parent's; the child's first loop gets one of its own."""
    program = """
        import asyncio, os, threading
        from holdfast.client import watch
        watch.TICK_S = 0.05
        async def main():
            watched = watch.Watched(lambda stall: None)
            await asyncio.sleep(0)
            watched.close()
        async def parent():
            watched = watch.Watched(lambda stall: None)
            child = os.fork()
            if not child:
                assert watch._watch._watched == ()
                os._exit(0)
            assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
            watched.close()
        asyncio.run(parent())
        asyncio.run(main())
    """
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", textwrap.dedent(program)], check=False)
    assert done.returncode == 0


def test_places() -> None:
    """The innermost code of the program, behind whatever library it has called; nothing of nothing."""
    assert place_of(None) is None
    assert re.fullmatch(r"test_places \(test_watch.py:\d+\)", place_of(sys._getframe()) or "")
    found = eval(compile("place()", os.__file__, "eval"), {"place": lambda: place_of(sys._getframe().f_back)})
    assert re.fullmatch(r"test_places \(test_watch.py:\d+\)", found)


@pytest.mark.parametrize(
    ("file", "place"), [(os.__file__, None), ("/x/site-packages/p.py", "<module> (p.py:1)")]
)
def test_places_under_a_loop(file: str, place: str | None) -> None:
    """A loop at rest is kept by nobody, least of all by whoever has started it; but by a package it calls."""
    seen: list[str | None] = []
    called = compile("seen.append(place_of(_getframe()))", file, "exec")
    names = {"seen": seen, "place_of": place_of, "_getframe": sys._getframe}

    async def main() -> None:
        asyncio.get_running_loop().call_soon(exec, called, names)
        await asyncio.sleep(0)

    asyncio.run(main())
    assert seen == [place]
