"""Where batches are numbered and handed to the sink, one after the other."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TypeVar

from holdfast.errors import Stopped
from holdfast.ingest.draft import Draft
from holdfast.ingest.errors import SinkError
from holdfast.ingest.identifiers import Identifiers
from holdfast.ingest.ledger import IngestLedger
from holdfast.ingest.sink import Batch, Memory, Sink, Written
from holdfast.ingest.stopping import Late, Stopping

T = TypeVar("T")

log = logging.getLogger("holdfast")

FIRST_DELAY_S, MAX_DELAY_S = 0.1, 5.0

PATIENCE_S = 0.25
"""How long a sink may take before the spool is used: it may fail after many seconds, and until then a broker
that is not acknowledged drops what it has no room for (X2)."""


class Desk:
    """The sink of one ingest, and what is known of it.

    ``number``: of the newest batch. ``ledger``: where all messages are. ``trouble``: why nothing can be
    written at the moment; None: it can. ``stopping``: nothing is waited for any longer, but for the
    answer of the sink, as long as there is time.
    """

    def __init__(self, sink: Sink, left_s: Callable[[], float | None] = lambda: None) -> None:
        """``left_s``: see ``Stopping``."""
        self._sink = sink
        self.number = 0
        self.identifiers: Identifiers | None = None
        self.ledger = IngestLedger()
        self.trouble: SinkError | None = None
        self.stopping = Stopping(left_s)

    async def open(self, session: str) -> Memory:
        """As the sink does. Raises SinkError, also where it has not answered by the end of a stop."""
        return await self._answer(lambda: self._sink.open(session))

    async def close(self) -> None:
        """The run is over: let go of the sink, and of one that does not answer as well."""
        self.stopping.begin()
        try:
            await self.stopping.closed(self._sink.close())
        except Late:
            log.warning("%s does not answer: it is left as it is", self._sink.target)

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
            written = await self._answer(lambda: self._sink.write(batch))
        except SinkError as error:
            self.trouble = error
            raise
        self.trouble = None
        return written

    async def _answer(self, ask: Callable[[], Awaitable[T]]) -> T:
        """Asked too late it is not asked at all: nothing new is to be in doubt."""
        if self.stopping.late and self.trouble is not None:
            raise self.trouble  # which says more
        with suppress(Late):
            if not self.stopping.late:
                return await self.stopping.answer(ask())
        target = self._sink.target
        raise SinkError(f"{target} did not answer before the stop had to end", target=target)

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

    async def again(self, timeout_s: float) -> Written | None:
        """As ``outcome``, of another attempt where the last one has failed."""
        if self._under_way.done() and (self._under_way.cancelled() or self._under_way.exception()):
            self._under_way = self._begun()
        return await self.outcome(timeout_s)

    async def last(self) -> Written | None:
        """That of the one under way; None: it has failed, and there is no other one."""
        with suppress(SinkError):
            return await self._under_way
        return None

    async def until_committed(self) -> Written:
        """However often it takes. Raises Stopped."""
        written = await self.last()
        if written is None:
            await self._desk.pauses().next()  # a stop begins no other one
            return await self._desk.write(self.batch)
        return written


class Pauses:
    """What lies between attempts."""

    def __init__(self, stopping: Stopping) -> None:
        self._stopping = stopping
        self._delay_s = FIRST_DELAY_S

    async def next(self) -> None:
        """Wait, unless there is no time left. Raises Stopped: who leaves by that acknowledges nothing."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self._delay_s):
                await self._stopping.wait()
        self._delay_s = min(2 * self._delay_s, MAX_DELAY_S)
        if self._stopping.begun:
            raise Stopped("stopped while the database could not be written; the broker keeps these messages")
