"""Waiting until what was accepted is durable."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from threading import Lock
from typing import TYPE_CHECKING

from holdfast.errors import HoldfastError

if TYPE_CHECKING:
    from holdfast.client.blocking import Once

Waiter = asyncio.Future[bool]


class Commits:
    """Whoever waits for a commit, by its number: coroutines on the client's loop, threads anywhere.

    There are few numbers at a time: what is accepted while one commit runs shares the next.
    """

    def __init__(self, durable: Callable[[], int]) -> None:
        """``durable``: the number of the newest commit that happened."""
        self._durable = durable
        self._failure: HoldfastError | None = None
        self._waiters: dict[int, list[Waiter]] = {}
        self._threads: dict[Once, int] = {}
        self._lock = Lock()

    async def reached(self, number: int) -> None:
        """Wait until this commit has happened; on the loop. Raises what ``fail`` was told."""
        if number > self._durable():
            waiter: Waiter = asyncio.get_running_loop().create_future()
            self.wake_at(number, [waiter])
            await waiter

    def wake_at(self, number: int, waiters: Iterable[Waiter]) -> None:
        """These are told True when this commit has happened, or what ``fail`` was told."""
        if self._failure is not None and number > self._durable():
            self.tell(waiters, self._failure)
            return
        self._waiters.setdefault(number, []).extend(waiters)
        if number <= self._durable():
            self.happened()

    def is_durable(self, number: int) -> bool:
        """Whether this commit has happened; any thread."""
        return number <= self._durable()

    @property
    def awaited(self) -> bool:
        """Whether anybody waits for a commit that has not happened; any thread."""
        durable = self._durable()
        return any(number > durable for number in [*self._waiters, *self._threads.values()])

    def block(self, number: int, timeout_s: float | None) -> bool:
        """As ``reached``, on a thread, so long at most; False when it has not happened by then."""
        from holdfast.client.blocking import Once

        waiter = Once()
        with self._lock:
            self._threads[waiter] = number
        try:
            if number > self._durable() and self._failure is None and not waiter.wait(timeout_s):
                return number <= self._durable()
        finally:
            with self._lock:
                self._threads.pop(waiter, None)
        if number > self._durable() and self._failure is not None:
            raise self._failure
        return True

    def happened(self) -> None:
        """``durable`` has grown: wake those it concerns; on the loop."""
        durable = self._durable()
        for number in [number for number in self._waiters if number <= durable]:
            for waiter in self._waiters.pop(number):
                if not waiter.done():
                    waiter.set_result(True)
        self.wake_threads()

    def wake_threads(self) -> None:
        """As ``happened``, for threads: a loop that is blocked must not hold them up; on any thread."""
        if self._threads:
            durable = self._durable()
            with self._lock:
                reached = [waiter for waiter, number in self._threads.items() if number <= durable]
                for waiter in reached:
                    del self._threads[waiter]
            for waiter in reached:
                waiter.wake()

    def fail(self, error: HoldfastError) -> None:
        """No commit follows any more: whoever waits is told, now or later."""
        waiters, self._waiters = self._waiters, {}
        self._failure = error
        for waiting in waiters.values():
            self.tell(waiting, error)
        self.forsake(error)

    def forsake(self, error: HoldfastError) -> None:
        """As ``fail``, for threads: the loop on which others waited is closed."""
        self._failure = error
        with self._lock:
            threads, self._threads = self._threads, {}
        for thread in threads:
            thread.wake()

    def tell(self, waiters: Iterable[Waiter], error: HoldfastError) -> None:
        """These wait in vain."""
        for waiter in waiters:
            if not waiter.done():
                waiter.set_exception(error)
