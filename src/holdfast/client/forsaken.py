"""A client whose event loop was closed under it, as ``asyncio.run()`` does at its end: nobody can stop it.

Threads may use it all the same, by way of ``holdfast.sync.over(client)``. Nothing would ever wake them.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

from holdfast.client.lifecycle import Step
from holdfast.errors import Stopped

if TYPE_CHECKING:
    from holdfast.client.core import Core

T = TypeVar("T")

log = logging.getLogger("holdfast")

WORDS = "the event loop of this client was closed, and the client not stopped"


def gone() -> Stopped:
    """The error for whoever still asks it for something."""
    return Stopped(WORDS, hint="await client.stop() before its loop ends, and make a new client now")


async def hop(work: Coroutine[Any, Any, T], loop: asyncio.AbstractEventLoop) -> T:
    """Do this on that loop, from another one. Raises Stopped, where it was closed."""
    try:
        future = asyncio.run_coroutine_threadsafe(work, loop)
    except RuntimeError:
        work.close()
        raise gone() from None
    return await asyncio.wrap_future(future)


def forsake(run: Core, also: Callable[[], None]) -> None:
    """Tell everybody on a thread who waits for this run, or will; on the thread that watches loops."""
    log.error("%s: whoever waits for it on a thread is told", WORDS)
    also()
    run.foreign = gone()
    run.state.draining = True
    run.here.close()
    run.receipts.forsake()
    run.commits.forsake(run.foreign)
    consumers = [worker.consumer for worker in run.consumers.workers()]
    for tell in (
        lambda: run.publisher.close(WORDS),
        run.state.changed.notify_threads,
        *(one.inbox.nudge if one.reads else one.inbox.close for one in consumers),
        lambda: run.state.move(Step.STOP),
        lambda: run.state.move(Step.END),
        run.state.bus.close,
    ):
        with suppress(RuntimeError):  # of the closed loop, on which nobody waits any more
            tell()
    run.state.terms = run.state.connected_since = None
