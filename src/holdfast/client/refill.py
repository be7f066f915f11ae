"""Reading back what the outbox file alone has of one handler's messages, some at a time (``shelf``)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from sys import maxsize
from typing import TYPE_CHECKING, Protocol

from holdfast.errors import OutboxError
from holdfast.outbox.intake import UNCLAIMED, Held
from holdfast.topics import Pattern, matches

if TYPE_CHECKING:
    from holdfast.client.parking import Parking

log = logging.getLogger("holdfast")

PAGE = 200
"""Rows that are read at once."""

NOTHING = maxsize

AGAIN_S = 1.0
"""A file that could not be read is read again so much later."""


class Here(Protocol):
    """What is in memory."""

    @property
    def count(self) -> int:
        """How many kept messages are."""

    @property
    def is_full(self) -> bool:
        """Whether there are to be no more."""

    def bring_back(self, held: Held, index: int) -> None:
        """This one was read; it is for this pattern."""

    def settled(self) -> None:
        """For now nothing more is read."""


class Refill:
    """Of one handler. ``left``: at least so many rows are to be read; too many is mended by reading."""

    def __init__(self, parking: Parking, owner: str, patterns: Sequence[Pattern], here: Here) -> None:
        self._parking = parking
        self._owner = owner
        self._patterns = patterns
        self._here = here
        self._after = 0  # read up to this number
        self._back = NOTHING  # to be read again from behind this one
        self._task: asyncio.Task[None] | None = None
        self._closed = False
        self.left = 0

    @property
    def busy(self) -> bool:
        """Whether there is something to read, or may be."""
        return bool(self.left or self._task)

    def begin(self) -> None:
        """What an earlier process has left, and what waits for anybody."""
        self.left = self._parking.intake.count(self._owner)
        if self._parking.intake.count(UNCLAIMED):
            self._start(self._claim)
        else:
            self.go_on()

    def look(self, number: int | None = None) -> None:
        """There are rows that did not come by here, or from this number on are in the file alone again."""
        if number is not None:
            self._back, self.left = min(self._back, number - 1), max(self.left, 1)
        self.left = max(self.left, self._unread())
        self.go_on()

    def go_on(self) -> None:
        """Read, where there is something and nobody does."""
        if self.left and self._task is None and not (self._closed or self._here.is_full):
            self._start(self._read)

    def close(self) -> None:
        """Read no more."""
        self._closed = True
        if self._task is not None:
            self._task.cancel()

    def _start(self, work: Callable[[], Awaitable[None]]) -> None:
        self._task = self._parking.loop.create_task(self._until_done(work))

    async def _until_done(self, work: Callable[[], Awaitable[None]]) -> None:
        numbers = self._parking.numbers
        numbers.begin()
        try:
            while not await self._works(work):
                await asyncio.sleep(AGAIN_S)
                self.left = max(self.left, self._unread())
        finally:
            self._task = None
            numbers.end()
        self._here.settled()

    async def _works(self, work: Callable[[], Awaitable[None]]) -> bool:
        try:
            await work()
        except OutboxError as error:
            log.error("what is kept for %s cannot be read: %s", self._owner, error)
            return False
        return True

    def _unread(self) -> int:
        """At least so many rows are in the file alone, or yet to be committed; never fewer."""
        return self._parking.intake.count(self._owner) - self._here.count

    async def _claim(self) -> None:
        """What nobody wanted before is this handler's, where a filter of it is met."""
        after, left = 0, self._parking.intake.count(UNCLAIMED)
        while left > 0:
            found = await self._next(UNCLAIMED, after)
            if not found:
                break
            after, left = found[-1].number, left - len(found)
            mine = [held.number for held in found if self._index(held.topic) is not None]
            if mine:
                await self._parking.reached(self._parking.intake.hand_over(mine, self._owner))
        self.left = self._unread()

    async def _next(self, owner: str, after: int) -> list[Held]:
        """At least one, where there is one; what is still on its way into the file is waited for."""
        intake = self._parking.intake
        found = await asyncio.to_thread(intake.read, owner, after, PAGE)
        if not found:
            await self._parking.reached(intake.hand_over([], owner))
            found = await asyncio.to_thread(intake.read, owner, after, PAGE)
        return found

    async def _read(self) -> None:
        while self.left and not self._here.is_full:
            before, self._after, self._back = self.left, min(self._after, self._back), NOTHING
            found = await self._next(self._owner, self._after)
            if not found and self._back == NOTHING:
                self.left -= before  # what was committed meanwhile is still to be read
            for held in found:
                self._after = held.number
                if held.number not in self._parking.numbers:
                    self.left = max(0, self.left - 1)
                    self._here.bring_back(held, self._index(held.topic) or 0)

    def _index(self, topic: str) -> int | None:
        """The first pattern that is met."""
        patterns = enumerate(self._patterns)
        return next((index for index, pattern in patterns if matches(pattern.filter, topic)), None)
