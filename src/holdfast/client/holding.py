"""Rows of what came in, handed over to the outbox file, and what follows when it has them (``parking``)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress

from holdfast.client.commits import Commits
from holdfast.errors import OutboxError
from holdfast.outbox.intake import Held, Intake

GIVEN_UP = 0x83
"""The code of dead letters that a handler made (implementation specific error)."""

AGAIN_S = 1.0
"""What could not be kept, as the file cannot be written, is tried again so much later."""


class Holding:
    """Of one run, on its loop."""

    def __init__(self, intake: Intake, commits: Commits, loop: asyncio.AbstractEventLoop) -> None:
        self.intake = intake
        self.loop = loop
        self._commits = commits
        self._newest = 0  # the commit that the newest acknowledgement waits for
        self._ending = False
        self.closed = False

    def hold(self, rows: Sequence[Held]) -> int | None:
        """The commit that keeps these; None: there is no room, the file cannot be written, or it ends."""
        if self._ending:
            return None
        try:
            if self.intake.room(sum([held.size for held in rows])):
                return self.write(lambda: self.intake.hold(rows))
        except OutboxError:
            pass
        return None

    def write(self, call: Callable[[], int]) -> int:
        """The commit of this call, which an acknowledgement waits for. Raises as the call does."""
        self._newest = call()
        return self._newest

    def give_up(self, held: Held, reason: str, kept: Callable[[], object]) -> None:
        """A dead letter in the file; calls ``kept`` when it is durable."""
        if self.closed:
            return
        try:
            self.when(self.write(lambda: self.intake.bury([held], GIVEN_UP, reason)), kept)
        except OutboxError:  # it stays unacknowledged, and with the broker
            self.loop.call_later(AGAIN_S, self.give_up, held, reason, kept)

    def when(self, commit: int, call: Callable[[], object]) -> None:
        """Call when this commit has happened; not when the run is over before."""
        waiter: asyncio.Future[bool] = self.loop.create_future()
        waiter.add_done_callback(lambda done: self.closed or done.exception() or call())
        self._commits.wake_at(commit, [waiter])

    def is_durable(self, commit: int) -> bool:
        """Whether this commit has happened."""
        return self._commits.is_durable(commit)

    async def reached(self, commit: int) -> None:
        """Wait until this commit has happened."""
        await self._commits.reached(commit)

    async def end(self, timeout_s: float) -> None:
        """Keep nothing more; what is on its way is acknowledged then, if the file has it in time.

        Else the broker would have it as well as the file, and it would be handled twice.
        """
        self._ending = True
        told = asyncio.Event()
        self.when(self._newest, told.set)  # behind all that waits for a commit so far
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                await told.wait()
