"""From a coroutine to an exit code; signals as a wish to stop."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager

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
    """An event that SIGINT or SIGTERM sets; the second one ends the process now (contract 24)."""
    wish, loop = asyncio.Event(), asyncio.get_running_loop()
    at_once = on_second or _exit

    def heard(number: int) -> None:
        if wish.is_set():
            at_once(number)
        wish.set()

    for number in SIGNALS:
        loop.add_signal_handler(number, heard, number)
    try:
        yield wish
    finally:
        for number in SIGNALS:
            loop.remove_signal_handler(number)


async def end_of_stdin(wish: asyncio.Event) -> None:
    """A wish to stop, too: who held the other end of the pipe is gone, or asks for it so."""
    lines = asyncio.StreamReader()
    protocol = asyncio.StreamReaderProtocol(lines)
    await asyncio.get_running_loop().connect_read_pipe(lambda: protocol, sys.stdin)
    await lines.read()
    wish.set()


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
