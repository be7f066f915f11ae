"""How a thread ends a client, beside others that do the same; and not for longer than that may take."""

from __future__ import annotations

import sys
from asyncio import AbstractEventLoop
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import Future
from contextlib import suppress
from threading import Event
from time import monotonic
from types import FrameType
from typing import Any, TypeVar

from holdfast.client import Client as Awaited
from holdfast.client.publisher import Publisher
from holdfast.errors import ConfigurationError
from holdfast.sync.home import END_WITHIN_S, Home, Own, call, check

T = TypeVar("T")

GRACE_S = 0.5
"""How much longer than it may take a stop is waited for, where the loop does nothing any more."""


class Blocked(Exception):
    """Time is up, and a function of the application blocks the loop."""


class Pulse:
    """Whether a loop does anything at all, looked at from another thread."""

    def __init__(self, loop: AbstractEventLoop, limit_s: float) -> None:
        self._loop = loop
        self._limit = monotonic() + limit_s
        self._beaten = Event()
        self._ask()

    def _ask(self) -> None:
        self._beaten.clear()
        with suppress(RuntimeError):  # it was closed just now
            self._loop.call_soon_threadsafe(self._beaten.set)

    def look(self) -> None:
        """Raise Blocked, where it has done nothing since the last look, and time is up."""
        if self._beaten.is_set():
            self._ask()
        elif monotonic() > self._limit:
            raise Blocked


def end(
    home: Home,
    clients: Sequence[Awaited],
    stop: Callable[[], Coroutine[Any, Any, T]],
    without: Callable[[], T],
    limit_s: float,
) -> T:
    """Stop these on the loop, and let go of the thread; ``without`` a loop they have ended already.

    A function of the application that blocks our thread for longer than ``limit_s`` is left behind with it.
    """
    check(home)
    _check_publishing([client._publisher for client in clients])
    home.enter()
    try:
        books = without() if home.loop is None else _to_the_end(home, stop, limit_s)
    except Blocked:
        home.close(at_once=True, wait_s=0)
        return _left(clients, without)
    except BaseException as error:
        home.close(at_once=not isinstance(error, Exception))
        raise
    home.close()
    return books


def _left(clients: Sequence[Awaited], without: Callable[[], T]) -> T:
    """Their books; nothing more is accepted. Raises Undelivered."""
    for client in clients:
        client._publisher.close("the client was stopped")
    for client in clients:
        client._complain(None)
    return without()


def _to_the_end(home: Home, work: Callable[[], Coroutine[Any, Any, T]], limit_s: float) -> T:
    """As ``call``, but a first Ctrl-C cancels it and waits for what it does about that. Raises Blocked."""
    ended: Future[None] = Future()
    loop, look = home.loop, _nothing
    if isinstance(home, Own) and loop is not None:
        look = Pulse(loop, limit_s + GRACE_S).look

    async def working() -> T:
        try:
            return await work()
        finally:
            ended.set_result(None)

    try:
        return call(home, working, look)
    except Blocked:
        raise
    except BaseException:
        if home.loop is not None:
            with suppress(TimeoutError):
                ended.exception(END_WITHIN_S)
        raise


def _nothing() -> None:
    """The loop is the application's: what blocks it is its own."""


def _check_publishing(publishers: Sequence[Publisher]) -> None:
    """Raise ConfigurationError within a publish of this thread, whose lock the end would wait for."""
    frame: FrameType | None = sys._getframe()
    while frame is not None:
        if frame.f_code is Publisher.take.__code__ and frame.f_locals["self"] in publishers:
            raise ConfigurationError(
                "stop() in the middle of a publish of the same thread, which would wait for itself",
                hint="raise SystemExit in a handler of signal.signal: leaving `with` stops the client",
            )
        frame = frame.f_back
