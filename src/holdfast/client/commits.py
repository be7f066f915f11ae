"""Waiting until what was accepted is durable."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from holdfast.errors import HoldfastError


class Commits:
    """Whoever waits for a commit, by its number; everything here happens on the client's loop.

    There are few numbers at a time: what is accepted while one commit runs shares the next.
    """

    def __init__(self, durable: Callable[[], int]) -> None:
        """``durable``: the number of the newest commit that happened."""
        self._durable = durable
        self._failure: HoldfastError | None = None
        self._waiters: dict[int, list[asyncio.Future[None]]] = {}

    async def reached(self, number: int) -> None:
        """Wait until this commit has happened. Raises what ``fail`` was told."""
        if number > self._durable():
            if self._failure is not None:
                raise self._failure
            waiter = asyncio.get_running_loop().create_future()
            self._waiters.setdefault(number, []).append(waiter)
            await waiter

    def happened(self) -> None:
        """``durable`` has grown: wake those it concerns."""
        durable = self._durable()
        for number in [number for number in self._waiters if number <= durable]:
            for waiter in self._waiters.pop(number):
                if not waiter.done():
                    waiter.set_result(None)

    def fail(self, error: HoldfastError) -> None:
        """No commit follows any more: whoever waits is told, now or later."""
        self._failure = error
        waiters, self._waiters = self._waiters, {}
        for waiting in waiters.values():
            for waiter in waiting:
                if not waiter.done():
                    waiter.set_exception(error)
