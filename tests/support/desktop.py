"""A pipeline with a spool, whose outbox file commits at once, or when it is told to."""

from __future__ import annotations

import asyncio

from holdfast.client.releases import Releases
from holdfast.ingest import IngestLedger
from holdfast.protocol import Delivery, ReleaseAsked
from tests.support.durable import Change, Database, File
from tests.support.piping import Worker
from tests.support.spooling import Commits, Intake
from tests.support.turns import turns


class Desktop:
    """A worker whose outbox file commits at once, or when it is told to."""

    def __init__(self, file: File, database: Database, most: int = 2) -> None:
        self.file, self.database = file, database
        self.commits, self.releases = Commits(), Releases()
        self.answered: list[ReleaseAsked] = []
        self.releases.answer = self.answered.append
        self.lags = False
        self._waiting: list[Change] = []
        self.intake = Intake(file, self._write)
        self.worker = Worker(
            database, self.releases, most, intake=self.intake, commits=self.commits, voided=file.seen
        )
        self.sink = self.worker.sink

    def _write(self, change: Change) -> int:
        self._waiting.append(change)
        number = self.commits.durable + len(self._waiting)
        if not self.lags:
            self.commit()
        return number

    def commit(self) -> None:
        """What was written is durable."""
        for change in self._waiting:
            change(self.file)
        number, self._waiting = self.commits.durable + len(self._waiting), []
        self.commits.happened(number)

    async def send(self, *serials: int, again: bool = False) -> None:
        """Messages come in; the serial number is the packet identifier too."""
        for serial in serials:
            properties = {"user_property": (("serial", str(serial)),)}
            delivery = Delivery("t", b"x", 2, False, again, serial, properties)
            delivery.epoch = 1
            self.worker.line.inbox.put((delivery, delivery, 0, None))
        await turns()

    async def store_one(self) -> None:
        """What the sink has been given now is committed."""
        self.sink.commit()
        self.sink.answer()
        await turns()

    async def store(self) -> None:
        """All that the sink is given is committed."""
        while self.sink.writes:
            await self.store_one()

    async def die(self, most: int = 2) -> Desktop:
        """The process is killed; the next one begins, with so many messages in a batch at most."""
        self.worker.task.cancel()
        await asyncio.gather(self.worker.task, return_exceptions=True)
        after = Desktop(self.file, self.database, most)
        await turns()
        return after

    @property
    def ended(self) -> list[int]:
        return [delivery.packet_id for _, delivery, _, _ in self.worker.line.ended]

    @property
    def held(self) -> list[int]:
        return [int(held.properties["user_property"][0][1]) for held in self.file.held.values()]

    @property
    def ledger(self) -> IngestLedger:
        return self.worker.pipeline.ledger
