"""A real pipeline between a feed and a sink that move when they are told to."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from typing import Never, cast

from holdfast.client.inbox import Inbox, Item
from holdfast.client.releases import Releases
from holdfast.ingest import Batch, Memory, SinkError, Written
from holdfast.ingest.desk import Desk
from holdfast.ingest.feed import Feed
from holdfast.ingest.identifiers import Identifiers
from holdfast.ingest.notes import Notes
from holdfast.ingest.pipeline import Pipeline
from holdfast.ingest.spool import Spool
from holdfast.messages import Message
from holdfast.outbox.intake import Intake as IntakePort
from holdfast.protocol import ReleaseAsked
from tests.support.durable import Database
from tests.support.spooling import Commits, Intake


class Line:
    """As a ``Feed``; who gave a message hears that it has ended."""

    def __init__(self) -> None:
        self.inbox = Inbox(1000)
        self.ended: list[Item] = []
        self._hand: list[Item] = []
        self.closed = False

    def take(self, most: int) -> list[Item]:
        items = [self.inbox.pop() for _ in range(min(most, len(self.inbox.items)))]
        self._hand += items
        return items

    def finish(self, count: int) -> None:
        self.ended += self._hand[:count]
        del self._hand[:count]

    def nudge(self) -> None:
        self.inbox.nudge()

    def close(self) -> None:
        self.closed = True
        self.inbox.close()

    async def wait(self, timeout_s: float | None) -> None:
        await self.inbox.wait()


class Sink:
    """As a ``Sink``: one write at a time, which waits for ``commit`` and for ``answer``."""

    target = "nowhere"

    def __init__(self, database: Database) -> None:
        self._database = database
        self._batch: Batch | None = None
        self._written: Written | None = None
        self._answer: asyncio.Future[Written] | None = None
        self.asked = 0
        """How many writes have begun."""

    async def open(self, session: str) -> Memory:
        return self._database.memory

    async def write(self, batch: Batch) -> Written:
        self.asked += 1
        self._batch, self._written = batch, None
        self._answer = asyncio.get_running_loop().create_future()
        return await self._answer

    async def close(self) -> None:
        return None

    @property
    def writes(self) -> bool:
        """Whether a batch has come that is not committed."""
        return self._batch is not None and self._written is None

    @property
    def committed(self) -> bool:
        """Whether one is committed, and the pipeline does not know yet."""
        return self._written is not None

    def commit(self) -> None:
        """The transaction happens."""
        assert self._batch is not None
        self._written = self._database.commit(self._batch)

    def answer(self) -> None:
        """The pipeline hears of it."""
        assert self._answer is not None
        assert self._written is not None
        self._answer.set_result(self._written)
        self._batch = self._written = None

    def fail(self) -> None:
        """The pipeline hears that it failed, whether it did or not."""
        self.break_down(SinkError("nowhere cannot be written", target=self.target))

    def break_down(self, error: Exception) -> None:
        """It hears of this."""
        assert self._answer is not None
        self._answer.set_exception(error)
        self._batch = self._written = None


class Silent:
    """As a ``Sink``, of a server that lets everybody in and says nothing."""

    target = "nowhere"

    async def open(self, session: str) -> Memory:
        return await _never()

    async def write(self, batch: Batch) -> Written:
        return await _never()

    async def close(self) -> None:
        await _never()


async def _never() -> Never:
    await asyncio.Event().wait()
    raise AssertionError("nobody sets it")


class Worker:
    """A pipeline at work, from what its database remembers, and its spool where there is an intake."""

    def __init__(
        self,
        database: Database,
        releases: Releases,
        most: int,
        asked: ReleaseAsked | None = None,
        *,
        intake: Intake | None = None,
        commits: Commits | None = None,
        voided: Collection[bytes] = (),
    ) -> None:
        """``most``: messages in a batch. ``asked``: before it knows what the database remembers."""
        self.database = database
        self.line, self.sink = Line(), Sink(database)
        self.left_s: float | None = None  # of the time for a stop that begins now
        self.desk, memory = Desk(self.sink, lambda: self.left_s), database.memory
        self.pipeline = Pipeline("table", cast(Feed, self.line), self.desk, _serial, most, 0.0)
        self.pipeline.releases = releases
        releases.join(self.pipeline)
        if asked is not None:
            releases.asked(asked)
        self.desk.number, self.desk.identifiers = memory.number, Identifiers("file", memory, voided)
        if intake is not None and commits is not None:
            notes = Notes(releases.name_of(self.pipeline), ["#"])
            port = cast(IntakePort, intake)
            self.pipeline.spool = Spool(port, notes, self.desk, _serial, most, commits.reached)
        self.task = asyncio.create_task(self._run(memory))

    async def _run(self, memory: Memory) -> None:
        if self.pipeline.spool is not None:
            await self.pipeline.spool.resume(memory)
        await self.pipeline.run()


def _serial(message: Message) -> tuple[str]:
    """The row of a message: which one it is, which nothing else about it tells."""
    ((_, serial),) = message.properties["user_property"]
    return (serial,)
