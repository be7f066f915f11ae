"""Handlers registered while the client runs begin on its loop, wherever that is asked for (contract 23)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future

from holdfast.errors import ConfigurationError, Stopped
from holdfast.handling import Handler

LOOK_S = 1.0
"""How often a thread that waits looks whether the loop still runs."""


def check_here(loop: asyncio.AbstractEventLoop) -> None:
    """Raise ConfigurationError on another loop than the client's, where no message would wake a reader."""
    if asyncio._get_running_loop() is not loop:
        raise ConfigurationError(
            "this subscription is read on another loop than the client's",
            hint="read it on the loop that started the client, or on a thread by holdfast.sync.over(client)",
        )


def on_loop(loop: asyncio.AbstractEventLoop, handler: Handler, begin: Callable[[], None]) -> None:
    """Let this handler begin on the client's loop, and block until it has; any thread.

    Raises what ``begin`` raises; ConfigurationError where it would run on another loop than it seems to;
    Stopped where the loop ends meanwhile.
    """
    here = asyncio._get_running_loop()
    if here is loop or not loop.is_running():
        return begin()
    if here is not None and not handler.threaded:
        raise ConfigurationError(
            f"{handler.name} is registered on another loop than the client's, where it would run",
            hint="register it before the start or on the client's loop, or write a plain function, "
            "which publishes by holdfast.sync.over(client)",
        )
    begun: Future[None] = Future()
    try:
        loop.call_soon_threadsafe(_begin, begun, begin)
    except RuntimeError:  # it was closed just now
        begun.cancel()
    return _wait(begun, loop)


def _begin(begun: Future[None], begin: Callable[[], None]) -> None:
    if not begun.set_running_or_notify_cancel():  # nobody waits for it any more
        return
    try:
        begin()
    except BaseException as error:
        begun.set_exception(error)
    else:
        begun.set_result(None)


def _wait(begun: Future[None], loop: asyncio.AbstractEventLoop) -> None:
    try:
        while not begun.cancelled():
            try:
                return begun.result(LOOK_S)
            except TimeoutError:
                if begun.done():  # its own
                    raise
                if not loop.is_running():
                    begun.cancel()
    finally:
        begun.cancel()  # Ctrl-C: it does not begin unseen
    raise Stopped("the client's loop ended meanwhile")
