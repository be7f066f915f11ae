"""Where the loop of a blocking client runs, and how its threads call it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from concurrent.futures import CancelledError, Future
from contextlib import suppress
from threading import Lock, get_ident
from typing import Any, Protocol, TypeVar

from holdfast.client import Client as Awaited
from holdfast.client.blocking import CALLER
from holdfast.client.loop_thread import LoopThread
from holdfast.errors import ConfigurationError, HoldfastError, Stopped

T = TypeVar("T")

log = logging.getLogger("holdfast")

LOOK_S = 1.0
"""How often a thread that waits looks whether the loop is still there."""

END_WITHIN_S = 2.0
"""How long a thread may take to let go of everything."""


class Home(Protocol):
    """Where the loop is."""

    @property
    def loop(self) -> asyncio.AbstractEventLoop | None:
        """It, while the client runs there, or is about to."""

    def open(self) -> None:
        """Before the client is started."""

    def enter(self) -> None:
        """Before it is stopped."""

    def close(self, at_once: bool = False, wait_s: float = END_WITHIN_S) -> None:
        """Behind each of these. ``at_once``: nothing is to go on; ``wait_s``: for its end, at most."""


class Run(Protocol):
    """One run of a client."""

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """Where it runs."""


class Runs(Protocol):
    """What has a loop to itself: a client, or a pool of them."""

    @property
    def _core(self) -> Run | None:
        """The run, while there is one."""

    async def start(self) -> None:
        """Begin one."""

    async def stop(self, drain_s: float | None = None) -> Any:
        """End it."""


class Own:
    """A thread for this client alone, from start to stop.

    Calls that start and stop may overlap, on many threads; the last of them to go ends the thread, and
    only where nothing runs on it.
    """

    def __init__(self, client: Runs) -> None:
        self._client = client
        self._lock = Lock()
        self._thread: LoopThread | None = None
        self._left: LoopThread | None = None  # one that did not end
        self._inside = 0  # calls that start or stop

    @property
    def loop(self) -> asyncio.AbstractEventLoop | None:
        """Its loop."""
        thread = self._thread
        return None if thread is None or thread.over else thread.loop

    def open(self) -> None:
        """Begin the thread, if there is none. Raises Stopped, where one was left behind."""
        with self._lock:
            if self._left is not None and not self._left.over:
                raise Stopped(
                    "not started: the run before has not ended",
                    hint="a function for password, will or authentication blocks its thread",
                )
            if self._thread is None or self._thread.over:
                self._thread = LoopThread("holdfast client", self._last, self._died)
                self._thread.start()
            self._inside += 1

    def enter(self) -> None:
        """The thread stays as long as this call needs it."""
        with self._lock:
            self._inside += 1

    def close(self, at_once: bool = False, wait_s: float = END_WITHIN_S) -> None:
        """End the thread, unless another call needs it, or the client runs; ``at_once``: even then.

        One that a function of the application blocks is left behind, and there is no other before its end.
        """
        with self._lock:
            self._inside -= 1
            if self._inside or (self._client._core is not None and not at_once):
                return
            thread, self._thread = self._thread, None
        if thread is not None and not thread.stop(wait_s):
            self._left = thread
            log.critical("the client's thread does not end: a function given to the client blocks it")

    async def _last(self) -> None:
        """Nothing of the client is left on the loop, however its end came."""
        run = self._client._core
        if run is not None and run.loop is asyncio.get_running_loop():  # else it is the next run, elsewhere
            with suppress(HoldfastError):
                await self._client.stop(0)

    def _died(self, error: BaseException | None) -> None:
        log.critical("the client's thread failed: it is stopped", exc_info=error)


class Theirs:
    """The loop on which an asyncio client runs."""

    def __init__(self, client: Awaited) -> None:
        self._client = client

    @property
    def loop(self) -> asyncio.AbstractEventLoop | None:
        """The loop that started the client; it may have ended without a stop."""
        core = self._client._core or self._client._ending
        return None if core is None or core.loop.is_closed() else core.loop

    def open(self) -> None:
        """It is theirs to start. Raises ConfigurationError."""
        if self.loop is None:
            raise ConfigurationError(
                "over(client) cannot start the client",
                hint="await client.start() on the loop it is to run on",
            )

    def enter(self) -> None:
        """It is there, or it is not."""

    def close(self, at_once: bool = False, wait_s: float = END_WITHIN_S) -> None:
        """The loop goes on."""


def check(home: Home) -> None:
    """Raise ConfigurationError on the loop's own thread, where a wait would be for itself."""
    running = asyncio._get_running_loop()
    if running is not None and running is home.loop:
        raise ConfigurationError(
            "a blocking call on the thread of the client's own loop would wait for itself",
            hint="await the method of the asyncio client there, or call from another thread",
        )


def call(
    home: Home, work: Callable[[], Coroutine[Any, Any, T]], look: Callable[[], None] = lambda: None
) -> T:
    """Do this on the loop, and block until it is done; Ctrl-C cancels it. Raises what it raises, Stopped.

    ``look`` is called every ``LOOK_S`` meanwhile; what it raises ends the wait likewise.
    """
    future = _begin(home, work)
    try:
        return _wait(home, future, look)
    except BaseException:
        future.cancel()
        raise


def begin(home: Home, what: Runs) -> None:
    """Start it there; a thread for which nothing runs ends again. Raises what ``start`` raises."""
    home.open()
    try:
        call(home, what.start)
    finally:
        home.close()


def _begin(home: Home, work: Callable[[], Coroutine[Any, Any, T]]) -> Future[T]:
    check(home)
    loop = home.loop
    CALLER.set(get_ident())
    if loop is not None:
        working = work()
        try:
            return asyncio.run_coroutine_threadsafe(working, loop)
        except RuntimeError:  # it was closed just now
            working.close()
    raise Stopped("not running: the client's loop has ended")


def _wait(home: Home, future: Future[T], look: Callable[[], None]) -> T:
    while True:
        try:
            return future.result(LOOK_S)
        except CancelledError:
            raise Stopped("the client's loop ended meanwhile") from None
        except TimeoutError:
            if future.done():  # its own
                raise
            if home.loop is None:
                raise Stopped("the client's loop ended meanwhile") from None
        look()
