"""From the inbox to the database and back: gather, write, commit, acknowledge.

    feed ──take──▶ draft ──one transaction──▶ sink ──committed──▶ acknowledged
                     ▲  └─▶ spool, while the sink is away or has not all of it ──committed──▶ acknowledged
    PUBREL ──────────┘ identifiers to forget, in the next transaction; PUBCOMP behind it

While one batch is written the next one becomes rows. What was released while no message comes is
written by itself: the broker's window may be full of identifiers that wait for PUBCOMP.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from time import monotonic

from holdfast.client.releases import Releases
from holdfast.errors import HoldfastError
from holdfast.ingest.desk import PATIENCE_S, Attempt, Desk
from holdfast.ingest.draft import Draft
from holdfast.ingest.errors import SinkError
from holdfast.ingest.feed import Feed
from holdfast.ingest.ledger import IngestLedger
from holdfast.ingest.row import Row
from holdfast.ingest.sink import Written
from holdfast.ingest.spool import Spool
from holdfast.messages import Message
from holdfast.protocol import ReleaseAsked

LOOK_S = 0.2
"""How often it is looked whether the client stops while no more can be taken."""

CHUNK = 128
"""Messages made rows in one turn of the loop."""


class Pipeline:
    """One ingest at work.

    ``name`` and ``place`` tell it from others on its client. ``releases``: who asks for identifiers, and is
    answered; ``spool``: where messages go while the sink is away. None, both: there is no outbox file.
    """

    def __init__(
        self,
        name: str,
        feed: Feed,
        desk: Desk,
        row: Callable[[Message], Row],
        batch: int,
        batch_wait_s: float,
    ) -> None:
        self.name, self.place = name, ""
        self._feed = feed
        self._desk = desk
        self._row = row
        self._most = batch
        self._wait_s = batch_wait_s
        self._asked: list[ReleaseAsked] = []
        self._draft = self._new_draft()
        self._writing: asyncio.Task[None] | None = None
        self.releases: Releases | None = None
        self.spool: Spool | None = None

    @property
    def ledger(self) -> IngestLedger:
        """Where its messages are."""
        return self._desk.ledger

    @property
    def trouble(self) -> HoldfastError | None:
        """Why nothing can be written, or kept, at the moment; None: it can."""
        full = self.spool.full if self.spool is not None else None
        return full or self._desk.trouble

    def stop(self) -> None:
        """A database that cannot be written is waited for no longer, a silent one while there is time."""
        self._desk.stopping.begin()

    def release_asked(self, asked: ReleaseAsked) -> None:
        """As a ``Holder``: forgotten with the next batch, which is written even if it is empty."""
        self._asked.append(asked)
        self._forget(asked)
        self._feed.nudge()

    def _forget(self, asked: ReleaseAsked) -> None:
        """At once: what comes under these identifiers from now on are other messages."""
        if self._desk.identifiers is not None:
            self._desk.identifiers.release(asked)

    async def run(self) -> None:
        """Until the client stops. Raises Stopped where the sink cannot be written then, SubscribeRefused."""
        for asked in self._asked:  # before it was known what the sink remembers
            self._forget(asked)
        self._draft = self._new_draft()
        try:
            while not self._feed.closed:
                await self._gather()
                if self._is_due() and self._writing is None:
                    self._begin()
                else:
                    await self._rest()
            await self._finish()
        finally:
            for task in (self._writing, self.spool and self.spool.draining):
                if task:
                    task.cancel()

    # -- gathering ---------------------------------------------------------------------------

    def _new_draft(self) -> Draft:
        return Draft(self._row, self._desk.identifiers)

    async def _gather(self) -> None:
        """What is there becomes rows, as many as the batch has room for."""
        draft = self._draft
        while items := self._feed.take(min(CHUNK, self._most - draft.count)):
            if not draft.count:
                draft.deadline = monotonic() + self._wait_s
            self._desk.ledger = self._desk.ledger.taken(len(items))
            draft.take(items)
            if len(items) == CHUNK:
                await asyncio.sleep(0)

    def _is_due(self) -> bool:
        draft = self._draft
        if draft.count:
            return draft.count >= self._most or monotonic() >= draft.deadline
        return bool(self._asked)

    async def _rest(self) -> None:
        """Until there is something to do: a message, a release, time, or the end of what is written."""
        if self.spool is not None:
            self.spool.look()
        writing = self._writing
        if writing is not None and writing.done():
            self._writing = None
            writing.result()
        elif writing is not None and self._draft.count >= self._most:
            await asyncio.wait([writing], timeout=LOOK_S)
        else:
            waits = self._draft.count and writing is None
            await self._feed.wait(max(0.0, self._draft.deadline - monotonic()) if waits else None)

    # -- writing -----------------------------------------------------------------------------

    def _begin(self) -> None:
        """The draft is written, with what was released until now; the next one begins."""
        draft, self._draft = self._draft, self._new_draft()
        draft.asked, self._asked = self._asked, []
        self._writing = asyncio.create_task(self._store(draft))
        self._writing.add_done_callback(lambda _: self._feed.nudge())

    async def _store(self, draft: Draft) -> None:
        written = await self._write(draft)
        if written is not None:
            known = Written(written.stored, written.repeated + draft.known, written.quarantined)
            self._desk.ledger = self._desk.ledger.settled(known)
        elif self.spool is not None and draft.asked:
            await self.spool.release(draft.asked)
        self._feed.finish(draft.count)
        for asked in draft.asked:
            assert self.releases is not None, "they asked"
            self.releases.forgotten(self, asked)

    async def _write(self, draft: Draft) -> Written | None:
        """None: it is in the spool."""
        spool = self.spool
        if spool is not None and not await spool.clear(PATIENCE_S):
            return await spool.keep(draft)
        batch = self._desk.batch(draft)
        if spool is None or not spool.takes:
            return await self._desk.write(batch)
        attempt = Attempt(self._desk, batch)
        with suppress(SinkError):
            written = await attempt.outcome(PATIENCE_S)
            if written is not None:
                return written
        return await spool.keep(draft, attempt)

    async def _finish(self) -> None:
        """What was taken is stored, or in the spool; what waits behind it is left to the broker."""
        self._desk.stopping.begin()
        if self._writing is not None:
            await self._writing
        if self._draft.count:
            self._begin()
            assert self._writing is not None
            await self._writing
        self._writing = None
        if self.spool is not None:
            await self.spool.close()
