"""From a coroutine to an exit code; signals as a wish to stop."""

from __future__ import annotations

import asyncio
import atexit
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from types import FrameType

from holdfast.cli.failures import Code, explain
from holdfast.cli.link import quiet
from holdfast.cli.render import Screen, leave_pipe
from holdfast.errors import HoldfastError

SIGNALS = (signal.SIGINT, signal.SIGTERM)
INTERRUPTED = 128 + signal.SIGINT


def run(work: Coroutine[None, None, int], screen: Screen) -> int:
    """The exit code of this work; an error becomes one sentence and its code, never a traceback."""
    return run_plain(lambda: asyncio.run(work), screen)


def run_plain(work: Callable[[], int], screen: Screen) -> int:
    """As ``run``, for work without a loop."""
    quiet()
    try:
        return work()
    except HoldfastError as error:
        failure = explain(error)
        screen.settle()
        screen.fail(failure.sentence)
        return failure.code
    except BrokenPipeError:
        leave_pipe()
        return Code.DONE
    except KeyboardInterrupt:
        return INTERRUPTED
    finally:
        screen.settle()


@asynccontextmanager
async def stop_wish(on_second: Callable[[int], None] | None = None) -> AsyncIterator[asyncio.Event]:
    """An event that SIGINT or SIGTERM sets; the second one ends the process now (contract 24).

    Signals are heard until the process ends, so that one which comes behind the work does not take its exit
    code away: who manages services signals a whole group, and some of it has begun to end by then.
    """
    wish, loop = asyncio.Event(), asyncio.get_running_loop()
    heard = _Heard(wish, on_second or _exit)
    for number in SIGNALS:
        loop.add_signal_handler(number, heard, number)
    try:
        yield wish
    finally:
        _hear_to_the_end(loop, heard)


class _Heard:
    """Counts signals. That something is wished for says nothing: the end of stdin wishes, too."""

    def __init__(self, wish: asyncio.Event, at_once: Callable[[int], None]) -> None:
        self._wish = wish
        self._at_once = at_once
        self._signals = 0

    def __call__(self, number: int, _frame: FrameType | None = None) -> None:
        self._signals += 1
        if self._signals > 1:
            self._at_once(number)
        self._wish.set()


def _hear_to_the_end(loop: asyncio.AbstractEventLoop, heard: _Heard) -> None:
    """Without the loop, which is about to close; none comes in between, where it would kill."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    for number in SIGNALS:
        loop.remove_signal_handler(number)
        signal.signal(number, heard)
    signal.pthread_sigmask(signal.SIG_SETMASK, before)
    atexit.unregister(_hear_no_more)
    atexit.register(_hear_no_more)


def _hear_no_more() -> None:
    """Nothing is left to be done; Python forgets handlers before its own end, but not this."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)


async def end_of_stdin(wish: asyncio.Event) -> None:
    """A wish to stop, too: who held the other end of the pipe is gone, or asks for it so."""
    lines = asyncio.StreamReader()
    protocol = asyncio.StreamReaderProtocol(lines)
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(lambda: protocol, sys.stdin)
    try:
        await lines.read()
        wish.set()
    finally:
        transport.close()


async def interruptible(work: Coroutine[None, None, int]) -> int:
    """The exit code of this work; SIGINT or SIGTERM cancels it, and what it has begun is cleared away."""
    async with stop_wish() as wish:
        working, wishing = asyncio.create_task(work), asyncio.create_task(wish.wait())
        await asyncio.wait({working, wishing}, return_when=asyncio.FIRST_COMPLETED)
        wishing.cancel()
        if working.done():
            return await working
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)
        return INTERRUPTED


def _exit(number: int) -> None:
    # Not sys.exit: a thread that waits for a pipe nobody reads must not hold us.
    os._exit(128 + number)
