"""Messages that a database cannot take now, in the client's outbox file (contract 17).

They are acknowledged after the commit there, and go into the database in their order when it is back; until
the last of them has, whatever comes goes behind them. What is stored and what is not is known after a crash
at any point: the state of the sink names the highest number of the spool that it has, and the messages of the
batch that failed, which may have been committed all the same, carry the number of that batch (``notes``).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from itertools import takewhile

from holdfast.errors import HoldfastError, OutboxError, Stopped
from holdfast.ingest.desk import PATIENCE_S, Attempt, Desk, Pauses
from holdfast.ingest.draft import Draft
from holdfast.ingest.errors import SinkError, SpoolFull
from holdfast.ingest.notes import Notes
from holdfast.ingest.row import Row
from holdfast.ingest.sink import Memory, Written
from holdfast.messages import Message
from holdfast.outbox.intake import Held, Intake
from holdfast.protocol import ReleaseAsked

log = logging.getLogger("holdfast")

LOOK_S = 0.02
"""How often it is looked for what is being committed to the file."""


class Spool:
    """That of one ingest. ``full``: why nothing more can be kept; None: it can. ``draining``: its task."""

    def __init__(
        self,
        intake: Intake,
        notes: Notes,
        desk: Desk,
        row: Callable[[Message], Row],
        most: int,
        reached: Callable[[int], Awaitable[None]],
        takes: bool = True,
    ) -> None:
        """``most``: messages in a batch. ``reached`` waits for a commit of the outbox file.

        ``takes`` False: nothing new is kept while there is nothing in it.
        """
        self._intake = intake
        self._notes = notes
        self._desk = desk
        self._row = row
        self._most = most
        self._reached = reached
        self._after = self._waiting = 0
        self._coming: set[int] = set()  # durable or not, their identifiers are not remembered yet
        self._doubtful: tuple[Attempt, list[int]] | None = None
        self.draining: asyncio.Task[None] | None = None
        self.takes = takes
        self.full: HoldfastError | None = None

    @property
    def busy(self) -> bool:
        """Whether there is anything in it."""
        return self.draining is not None and not self.draining.done()

    # -- what an earlier process has left ----------------------------------------------------

    async def resume(self, memory: Memory) -> None:
        """Let go of what is stored, and begin to drain the rest. Raises OutboxError."""
        assert self._desk.identifiers is not None, "there is a file"
        bound = await asyncio.to_thread(self._intake.bound, self._notes.owner)
        self._desk.identifiers.found(self._notes.bound(bound))
        self._waiting = self._intake.count(self._notes.owner)
        self._book()
        while found := await self._read():
            known = list(takewhile(lambda one: self._is_stored(one, memory), found))
            self._pass_over([self._notes.tried(one) for one in found], memory)
            self._let_go([one.number for one in known])
            self._waiting -= len(known)
            self._book()
            if len(known) < len(found):
                break
        if self._waiting:
            self._drain()

    def _book(self) -> None:
        """What is spooled is what waits here: not what was stored before, nor what nobody can read."""
        self._desk.ledger = self._desk.ledger.found(self._waiting - self._desk.ledger.spooled)

    def _is_stored(self, held: Held, memory: Memory) -> bool:
        known = self._desk.identifiers
        assert known is not None, "there is a file"
        return held.number <= known.spooled or known.never < self._notes.tried(held) <= memory.number

    def _pass_over(self, tried: Sequence[int], memory: Memory) -> None:
        """Batches that the sink has not are never there, and no other batch gets their numbers."""
        assert self._desk.identifiers is not None, "there is a file"
        missing = max([number for number in tried if number > memory.number], default=0)
        self._desk.number = max(self._desk.number, missing)
        self._desk.identifiers.never = max(self._desk.identifiers.never, missing)

    async def _read(self) -> list[Held]:
        return await asyncio.to_thread(self._intake.read, self._notes.owner, self._after, self._most)

    def _let_go(self, numbers: Sequence[int]) -> None:
        if numbers:
            self._intake.let_go(numbers)
            self._after = numbers[-1]

    # -- in ----------------------------------------------------------------------------------

    async def keep(self, draft: Draft, tried: Attempt | None = None) -> Written | None:
        """Everything of this draft is durable here, or the sink was quicker, and wrote this.

        ``tried``: on its way into the sink and late, or failed. Raises Stopped where there is no room.
        """
        pauses = self._desk.pauses()
        while (holding := self._hold(draft, tried)) is None:
            written = await self._otherwise(tried, pauses)
            if written is not None:
                self.full = None
                return written
            if tried is None and not (self.busy or self._waiting):  # then nothing stands before it
                tried = Attempt(self._desk, self._desk.batch(draft))
        commit, numbers = holding
        await self._reached(commit)
        self._coming.clear()
        if self._desk.identifiers is not None:
            self._desk.identifiers.keep(draft.bound())
        self._desk.ledger = self._desk.ledger.kept(len(numbers), draft.known)
        if tried is not None:
            self._doubtful = tried, numbers
        self._drain()
        return None

    def _hold(self, draft: Draft, tried: Attempt | None) -> tuple[int, list[int]] | None:
        """The commit that will have it, and its numbers in the file; None: there is no room at present."""
        number = 0 if tried is None else tried.batch.number
        held = [self._notes.held(entry, number, self._desk.trouble) for entry in draft.entries]
        if not held:
            return 0, []
        try:
            if not self._intake.room(sum([one.size for one in held])):
                self.full = SpoolFull(self._waiting, self._desk.trouble)
                return None
            commit = self._intake.hold(held)
        except OutboxError as error:
            self.full = error
            return None
        numbers = [one.number for one in held]
        self._coming.update(numbers)
        self._waiting += len(numbers)
        self.full = None
        return commit, numbers

    async def _otherwise(self, tried: Attempt | None, pauses: Pauses) -> Written | None:
        """A while later: what the sink has written. Raises Stopped; what is under way is waited for then."""
        try:
            await pauses.next()
            with suppress(SinkError):
                return None if tried is None else await tried.again(PATIENCE_S)
        except Stopped:
            if tried is None or (written := await tried.last()) is None:
                raise
            return written
        return None

    async def clear(self, patience_s: float) -> bool:
        """Whether there is nothing in it; where little is left, and the sink works, that is waited for.

        Else it would never be empty while messages come: there would always be one on its way.
        """
        little = self._waiting <= self._most and self._desk.trouble is None
        if self.busy and little and self.draining is not None:
            await asyncio.wait([self.draining], timeout=patience_s)
        return not (self.busy or self._waiting)

    async def release(self, several: Sequence[ReleaseAsked]) -> None:
        """These identifiers are forgotten here, and noted where the sink may have them and cannot forget."""
        assert self._desk.identifiers is not None, "there is a file"
        commit = 0
        for asked in several:
            commit = self._intake.release(asked.epoch, asked.packet_ids)
            voided = self._desk.identifiers.voided(asked)
            if voided:
                commit = self._intake.saw(self._notes.owner, voided)
        await self._reached(commit)

    # -- out ---------------------------------------------------------------------------------

    def _drain(self) -> None:
        if not self.busy:
            self.draining = asyncio.create_task(self._run(), name="spool")

    async def _run(self) -> None:
        if self._doubtful is not None:
            attempt, numbers = self._doubtful
            self._done(await attempt.until_committed(), numbers)
            self._doubtful = None
        while self._waiting and not self._desk.stopping.begun:
            held = await self._next()
            if held:
                await self._store(held)
            elif not self._missed():
                await asyncio.sleep(LOOK_S)

    def _missed(self) -> bool:
        """Whether the file gave up some that nobody can read any more: they are not waited for."""
        gone = max(0, self._waiting - self._intake.count(self._notes.owner))
        self._waiting -= gone
        self._desk.ledger = self._desk.ledger.found(-gone)
        return gone > 0

    async def _next(self) -> list[Held]:
        """What goes into the sink next; what cannot be read is read again. Raises Stopped."""
        pauses = self._desk.pauses()
        while True:
            try:
                return [one for one in await self._read() if one.number not in self._coming]
            except OutboxError as error:
                log.error("what is spooled cannot be read: %s", error)
                await pauses.next()

    async def _store(self, held: Sequence[Held]) -> None:
        assert self._desk.identifiers is not None, "there is a file"
        draft, numbers = Draft(self._row, None), [one.number for one in held]
        draft.add([self._notes.message(one) for one in held])
        self._desk.identifiers.spooled = numbers[-1]
        self._done(await self._desk.write(self._desk.batch(draft)), numbers)

    def _done(self, written: Written, numbers: Sequence[int]) -> None:
        self._let_go(numbers)
        self._waiting -= len(numbers)
        self._desk.ledger = self._desk.ledger.drained(written)

    async def close(self) -> None:
        """Behind the batch in the sink; what is left waits for the next run."""
        if self.draining is not None:
            with suppress(Stopped):
                await self.draining

    def look(self) -> None:
        """Raises what has ended the draining."""
        if self.draining is not None and self.draining.done():
            self.draining.result()
