"""Waiting for something to change, with a stated end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from math import isnan
from time import monotonic
from typing import TYPE_CHECKING

from holdfast.errors import ConfigurationError

if TYPE_CHECKING:
    from holdfast.client.blocking import Once


def check_time(timeout_s: float | None) -> None:
    """Raise ConfigurationError for NaN: no wait for that has an end, nor any timer beside it its order."""
    if timeout_s is not None and isnan(timeout_s):
        raise ConfigurationError("timeout_s is not a number", hint="None waits without end")


class Signal:
    """Wakes everyone who waits; costs nothing while nobody does.

    Coroutines wait on the one loop on which it is notified, threads anywhere.
    """

    __slots__ = ("_threads", "_waiters", "_watching")

    def __init__(self) -> None:
        self._waiters: dict[asyncio.Future[None], None] = {}
        self._threads: list[Once] = []
        self._watching = 0

    def __bool__(self) -> bool:
        return bool(self._waiters)

    @property
    def watched(self) -> bool:
        """Whether somebody watches for a change, before the first look at it already; any thread."""
        return bool(self._watching or self._threads)

    def notify(self) -> None:
        """Wake all that wait now; on the loop."""
        waiters, self._waiters = self._waiters, {}
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)
        if self._threads:
            self.notify_threads()

    def notify_threads(self) -> None:
        """Wake the threads that wait now; on any thread."""
        for _ in range(len(self._threads)):
            with suppress(IndexError):  # it gave up waiting just now
                self._threads.pop(0).wake()

    async def wait(self, timeout_s: float | None) -> None:
        """Wait for the next ``notify``, or until time has run out."""
        waiter = asyncio.get_running_loop().create_future()
        self._waiters[waiter] = None
        try:
            async with asyncio.timeout(timeout_s):
                await waiter
        except TimeoutError:
            return
        finally:
            self._waiters.pop(waiter, None)

    async def wait_until(self, check: Callable[[], bool], timeout_s: float | None) -> bool:
        """Wait until the check holds, looked at after each ``notify``; False when time ran out."""
        check_time(timeout_s)
        loop = asyncio.get_running_loop()
        deadline = None if timeout_s is None else loop.time() + timeout_s
        self._watching += 1
        try:
            while not check():
                left = None if deadline is None else deadline - loop.time()
                if left is not None and left <= 0:
                    return False
                await self.wait(left)
        finally:
            self._watching -= 1
        return True

    def block_until(self, check: Callable[[], bool], timeout_s: float) -> bool:
        """As ``wait_until``, on any thread but the loop's; the check runs on it, too."""
        from holdfast.client.blocking import Once

        deadline = monotonic() + timeout_s
        while True:
            waiter = Once()
            self._threads.append(waiter)  # before the look: what changes behind it wakes
            try:
                if check():
                    return True
                if not waiter.wait(deadline - monotonic()):
                    return check()
            finally:
                with suppress(ValueError):  # it was woken
                    self._threads.remove(waiter)
