"""The stop of an ingest: that it has begun, and how long the sink is waited for then (contract 24)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")

ANSWER = 0.9
"""Share of the time for a stop in which a sink may answer; what is left then is for letting go of it."""

CLOSED_WITHIN_S = 0.1
"""So long a sink may take to let go, however little time is left: one that works needs no more."""


class Late(Exception):
    """A stop waits no longer for this."""


class Stopping:
    """As an event that is set once, by whoever learns of the stop first."""

    def __init__(self, left_s: Callable[[], float | None] = lambda: None) -> None:
        """``left_s``: the time for a stop that begins now; None: as long as it takes."""
        self._left_s = left_s
        self._begun = asyncio.Event()
        self._answer_at: float | None = None
        self._over_at: float | None = None
        self._bounds: set[asyncio.Timeout] = set()

    @property
    def begun(self) -> bool:
        """Whether it has."""
        return self._begun.is_set()

    @property
    def late(self) -> bool:
        """Whether it is too late to ask a sink for anything."""
        return self._answer_at is not None and _now() >= self._answer_at

    async def wait(self) -> None:
        """Until it has begun."""
        await self._begun.wait()

    def begin(self) -> None:
        """Now, unless it has: the end stays where it is. What waits for the sink has an end from here on."""
        if self.begun:
            return
        self._begun.set()
        left_s = self._left_s()
        if left_s is not None:
            self._answer_at, self._over_at = _now() + ANSWER * left_s, _now() + left_s
            for bound in self._bounds:
                bound.reschedule(self._answer_at)

    async def answer(self, asked: Awaitable[T]) -> T:
        """That of a sink; it is cancelled when it is too late. Raises Late: nobody knows what it has done."""
        bound = asyncio.timeout_at(self._answer_at)
        self._bounds.add(bound)
        try:
            return await _within(bound, asked)
        finally:
            self._bounds.discard(bound)

    async def closed(self, closing: Awaitable[None]) -> None:
        """What lets go of the sink, as far as there is time for it. Raises Late."""
        over_at = None if self._over_at is None else max(self._over_at, _now() + CLOSED_WITHIN_S)
        await _within(asyncio.timeout_at(over_at), closing)


async def _within(bound: asyncio.Timeout, awaited: Awaitable[T]) -> T:
    try:
        async with bound:
            return await awaited
    except TimeoutError as error:
        if bound.expired():
            raise Late from error
        raise  # a defect of the sink


def _now() -> float:
    return asyncio.get_running_loop().time()
