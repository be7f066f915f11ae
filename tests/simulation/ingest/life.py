"""One life of the ingesting process: a real session and real pipelines, and every step one of the dice.

Between any two steps the process may be killed; what it has handed over and nobody has made durable is gone.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence

from holdfast.client.inbox import Shared
from holdfast.client.releases import Releases
from holdfast.codec import V5, Decoder, Packet, encode
from holdfast.protocol import ConnectRequest, Delivery, Intent, Received, Record, ReleaseAsked, Session
from tests.simulation.ingest.broker import TOPIC, Broker
from tests.support.durable import Change, Database, File
from tests.support.piping import Worker
from tests.support.spooling import Commits, Intake

TURNS = 8
"""Of the loop, after which everything that could move has moved."""


class Life:
    """From start to kill; ``up`` and ``down`` are packets on their way, if there is a link."""

    def __init__(
        self, broker: Broker, file: File, databases: list[Database], most: int, spools: bool
    ) -> None:
        """``spools``: what a database cannot take goes into the file."""
        self._broker = broker
        self._file = file
        self._session = Session(1000, file.restored(), holds_release=True)
        self._session.subscribe([Intent(TOPIC, 2)], 0.0)
        self._releases = Releases()
        self._releases.answer = lambda asked: self._session.complete(asked, 0.0)
        self._commits: deque[tuple[int, Sequence[Record | Change]]] = deque()
        self._commit = 0
        self._told = Commits()
        self.intake = Intake(file, self._write) if spools else None
        self.workers = [
            Worker(database, self._releases, most, intake=self.intake, commits=self._told, voided=file.seen)
            for database in databases
        ]
        self.up: deque[Packet] = deque()
        self.down: deque[Packet] = deque()
        self.linked = False
        self._serial = 0

    # -- steps -------------------------------------------------------------------------------

    def dial(self) -> None:
        """A link is there."""
        self._decoder, self.linked = Decoder(V5), True
        self._session.connect(ConnectRequest("c", session_expiry_s=3600), 0.0)

    def cut(self) -> None:
        """It is gone, and what was on its way."""
        self.linked = False
        self.up.clear()
        self.down.clear()
        self._session.lost(0.0)

    def arrive(self) -> None:
        """The broker's next packet is here."""
        self._session.receive(encode(self.down.popleft(), V5), 0.0)

    def leave(self) -> None:
        """Our next packet is at the broker."""
        self.down.extend(self._broker.receive(self.up.popleft()))

    @property
    def received(self) -> set[int]:
        """Identifiers whose PUBREC the file has, or is about to have."""
        coming = [record for _, records in self._commits for record in records]
        ids = [record.packet_ids for record in coming if isinstance(record, Received)]
        return {*self._file.received, *(packet_id for several in ids for packet_id in several)}

    @property
    def commits(self) -> bool:
        """Whether the outbox file has something to commit."""
        return bool(self._commits)

    def commit(self) -> None:
        """It is durable, and the session knows."""
        serial, records = self._commits.popleft()
        self._file.commit(records)
        self._session.committed(serial)
        self._commit += 1
        self._told.happened(self._commit)

    def _write(self, change: Change) -> int:
        self._commits.append((self._serial, [change]))
        return self._commit + len(self._commits)

    async def settle(self) -> None:
        """Everything that can move by itself moves."""
        for _ in range(TURNS):
            self._pump()
            await asyncio.sleep(0)
        for worker in self.workers:
            if worker.task.done():
                worker.task.result()

    async def kill(self) -> None:
        """Nothing that it had in its memory is left."""
        for worker in self.workers:
            worker.task.cancel()
        await asyncio.gather(*(worker.task for worker in self.workers), return_exceptions=True)

    # -- the driver ----------------------------------------------------------------------------

    def _pump(self) -> None:
        self._acknowledge()
        output = self._session.take()
        self._serial = output.serial
        if output.records:
            self._commits.append((output.serial, output.records))
        elif not self._commits:
            self._session.committed(output.serial)
        for event in output.events:
            if isinstance(event, ReleaseAsked):
                self._releases.asked(event)
        for delivery in output.deliveries:
            self._deliver(delivery)
        data = self._session.send(0.0)
        if data:
            packets: list[Packet] = []
            self._decoder.feed(data, packets)
            self.up.extend(packets)

    def _deliver(self, delivery: Delivery) -> None:
        shared = Shared(len(self.workers))
        for worker in self.workers:
            worker.line.inbox.put((delivery, delivery, 0, shared))

    def _acknowledge(self) -> None:
        for worker in self.workers:
            ended, worker.line.ended = worker.line.ended, []
            for _, delivery, _, shared in ended:
                assert shared is not None
                if shared.done():
                    self._session.ack([delivery], 0.0)
