"""Where batches are numbered and handed to the sink, one after the other."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from holdfast.errors import HoldfastError, Stopped
from holdfast.ingest.draft import Draft
from holdfast.ingest.errors import SinkError
from holdfast.ingest.identifiers import Identifiers
from holdfast.ingest.ledger import IngestLedger
from holdfast.ingest.sink import Batch, Sink, Written

FIRST_DELAY_S, MAX_DELAY_S = 0.1, 5.0


class Desk:
    """The sink of one ingest, and what is known of it.

    ``number``: of the newest batch. ``ledger``: where all messages are. ``trouble``: why nothing can be
    written at the moment; None: it can. ``stopping``: nothing is waited for any longer.
    """

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self.number = 0
        self.identifiers: Identifiers | None = None
        self.ledger = IngestLedger()
        self.trouble: HoldfastError | None = None
        self.stopping = asyncio.Event()

    def batch(self, draft: Draft) -> Batch:
        """The next one."""
        self.number += 1
        identifiers = self.identifiers
        if identifiers is None:
            return draft.batch(self.number, "")
        identifiers.keep(draft.bound())
        return draft.batch(self.number, identifiers.state())

    async def attempt(self, batch: Batch) -> Written:
        """Once. Raises SinkError: nobody knows how it ended, and the next to be written is this one again."""
        try:
            written = await self._sink.write(batch)
        except SinkError as error:
            self.trouble = error
            raise
        self.trouble = None
        return written

    async def write(self, batch: Batch) -> Written:
        """Until it is committed; a database that is away is no reason to forget. Raises Stopped."""
        pauses = self.pauses()
        while True:
            try:
                return await self.attempt(batch)
            except SinkError:
                await pauses.next()

    def pauses(self) -> Pauses:
        """Longer and longer ones."""
        return Pauses(self.stopping)


class Attempt:
    """One batch on its way into the sink; not waiting for it leaves it on its way."""

    def __init__(self, desk: Desk, batch: Batch) -> None:
        self._desk = desk
        self.batch = batch
        self._under_way = self._begun()

    def _begun(self) -> asyncio.Task[Written]:
        task = asyncio.create_task(self._desk.attempt(self.batch))
        task.add_done_callback(lambda task: task.cancelled() or task.exception())  # it may be left alone
        return task

    async def outcome(self, timeout_s: float | None = None) -> Written | None:
        """None: there is none within so long. Raises SinkError."""
        try:
            done, _ = await asyncio.wait([self._under_way], timeout=timeout_s)
        except asyncio.CancelledError:
            self._under_way.cancel()
            raise
        return self._under_way.result() if done else None

    async def again(self) -> Written:
        """That of the attempt under way, or of another one. Raises SinkError."""
        if self._under_way.done():
            self._under_way = self._begun()
        return await self._under_way

    async def until_committed(self) -> Written:
        """However often it takes. Raises Stopped."""
        with suppress(SinkError):
            return await self._under_way
        return await self._desk.write(self.batch)


class Pauses:
    """What lies between attempts."""

    def __init__(self, stopping: asyncio.Event) -> None:
        self._stopping = stopping
        self._delay_s = FIRST_DELAY_S

    async def next(self) -> None:
        """Wait, unless there is no time left. Raises Stopped: who leaves by that acknowledges nothing."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self._delay_s):
                await self._stopping.wait()
        self._delay_s = min(2 * self._delay_s, MAX_DELAY_S)
        if self._stopping.is_set():
            raise Stopped("stopped while the database could not be written; the broker keeps these messages")
