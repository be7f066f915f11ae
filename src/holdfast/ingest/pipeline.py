"""From the inbox to the database and back: gather, write, commit, acknowledge.

    feed ──take──▶ draft ──one transaction──▶ sink ──committed──▶ acknowledged
                     ▲                          (rows, and the QoS 2 identifiers of their messages)
    PUBREL ──────────┘ identifiers to forget, in the next transaction; PUBCOMP behind it

While one batch is in the sink the next one becomes rows. What was released while no message comes is
written by itself: the broker's window may be full of identifiers that wait for PUBCOMP.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from time import monotonic

from holdfast.client.releases import Releases
from holdfast.errors import Stopped
from holdfast.ingest.draft import Draft
from holdfast.ingest.errors import SinkError
from holdfast.ingest.feed import Feed
from holdfast.ingest.identifiers import Identifiers
from holdfast.ingest.ledger import IngestLedger
from holdfast.ingest.row import Row
from holdfast.ingest.sink import Batch, Sink, Written
from holdfast.messages import Message
from holdfast.protocol import ReleaseAsked

FIRST_DELAY_S, MAX_DELAY_S = 0.1, 5.0

LOOK_S = 0.2
"""How often it is looked whether the client stops while no more can be taken."""

CHUNK = 128
"""Messages made rows in one turn of the loop."""


class Pipeline:
    """One ingest at work.

    ``ledger``: where its messages are. ``trouble``: why nothing can be written at the moment; None: it can.
    ``releases``: who asks for identifiers, and is answered; None: nobody does.
    """

    def __init__(
        self,
        feed: Feed,
        sink: Sink,
        row: Callable[[Message], Row],
        batch: int,
        batch_wait_s: float,
    ) -> None:
        self._feed = feed
        self._sink = sink
        self._row = row
        self._most = batch
        self._wait_s = batch_wait_s
        self.releases: Releases | None = None
        self._asked: list[ReleaseAsked] = []
        self._identifiers: Identifiers | None = None
        self._number = 0
        self._draft = self._new_draft()
        self._writing: asyncio.Task[None] | None = None
        self._stopping = asyncio.Event()
        self.ledger = IngestLedger()
        self.trouble: SinkError | None = None

    def resume(self, number: int, identifiers: Identifiers | None) -> None:
        """Go on behind the batch of this number; None: no identifiers are remembered."""
        self._number = number
        self._identifiers = identifiers
        self._draft = self._new_draft()
        for asked in self._asked:
            self._forget(asked)

    def stop(self) -> None:
        """A database that cannot be written is waited for no longer."""
        self._stopping.set()

    def release_asked(self, asked: ReleaseAsked) -> None:
        """As a ``Holder``: forgotten with the next batch, which is written even if it is empty."""
        self._asked.append(asked)
        self._forget(asked)
        self._feed.nudge()

    def _forget(self, asked: ReleaseAsked) -> None:
        """At once: what comes under these identifiers from now on are other messages."""
        if self._identifiers is not None:
            self._identifiers.release(asked)

    async def run(self) -> None:
        """Until the client stops. Raises Stopped where the sink cannot be written then, SubscribeRefused."""
        try:
            while not self._feed.closed:
                await self._gather()
                if self._is_due() and self._writing is None:
                    self._begin()
                else:
                    await self._rest()
            await self._finish()
        finally:
            if self._writing is not None:
                self._writing.cancel()

    # -- gathering ---------------------------------------------------------------------------

    def _new_draft(self) -> Draft:
        return Draft(self._row, self._identifiers)

    async def _gather(self) -> None:
        """What is there becomes rows, as many as the batch has room for."""
        draft = self._draft
        while items := self._feed.take(min(CHUNK, self._most - draft.count)):
            if not draft.count:
                draft.deadline = monotonic() + self._wait_s
            self.ledger = self.ledger.taken(len(items))
            draft.add(items)
            if len(items) == CHUNK:
                await asyncio.sleep(0)

    def _is_due(self) -> bool:
        draft = self._draft
        if draft.count:
            return draft.count >= self._most or monotonic() >= draft.deadline
        return bool(self._asked)

    async def _rest(self) -> None:
        """Until there is something to do: a message, a release, time, or the end of the batch in the sink."""
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
        self._number += 1
        self._writing = asyncio.create_task(self._store(draft, draft.batch(self._number)))
        self._writing.add_done_callback(lambda _: self._feed.nudge())

    async def _store(self, draft: Draft, batch: Batch) -> None:
        written = await self._write(batch)
        known = replace(written, repeated=written.repeated + draft.known)
        self.ledger = self.ledger.settled(known)
        self._feed.finish(draft.count)
        for asked in draft.asked:
            assert self.releases is not None, "they asked"
            self.releases.forgotten(self, asked)

    async def _write(self, batch: Batch) -> Written:
        """Until it is committed; a database that is away is no reason to lose or to forget."""
        delay_s = FIRST_DELAY_S
        while True:
            try:
                written = await self._sink.write(batch)
            except SinkError as error:
                self.trouble = error
                await self._pause(delay_s)
                delay_s = min(2 * delay_s, MAX_DELAY_S)
            else:
                self.trouble = None
                return written

    async def _pause(self, delay_s: float) -> None:
        """Wait, unless there is no time left: leaving by an exception acknowledges nothing."""
        with suppress(TimeoutError):
            async with asyncio.timeout(delay_s):
                await self._stopping.wait()
        if self._stopping.is_set():
            raise Stopped("stopped while the database could not be written; the broker keeps these messages")

    async def _finish(self) -> None:
        """What was taken is stored; what waits behind it is left to the broker."""
        self._stopping.set()
        if self._writing is not None:
            await self._writing
        if self._draft.count:
            self._begin()
            assert self._writing is not None
            await self._writing
        self._writing = None
