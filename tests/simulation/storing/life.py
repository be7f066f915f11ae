"""One process: a client with its ingests, on a loop, a network, a disk and databases of the simulation's."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from math import inf
from random import Random
from typing import Any

from holdfast import Client, QoS
from holdfast.errors import Stopped
from holdfast.ingest import Ingest, IngestLedger, SinkError, Together
from holdfast.outbox.sqlite import SqliteOutbox
from tests.simulation.consuming.disk import Disk
from tests.simulation.consuming.history import STUCK_S
from tests.simulation.storing.store import Store, Table

DRAIN_S = 5.0


@dataclass(frozen=True)
class Spec:
    """One ingest, the same in each life."""

    filter: str
    qos: QoS
    table: Table


class Life:
    """``ended``: the run is over by itself, as a database was away when it began."""

    def __init__(
        self, specs: Sequence[Spec], disk: Disk, chance: Random, wrong: list[str], **options: Any
    ) -> None:
        self._specs = specs
        self._disk = disk
        self._chance = chance
        self._wrong = wrong
        self._options = options

    def begin(self, spool: bool) -> None:
        """Make the client and its ingests, and run them."""
        self.client = client = Client(
            "mqtt://broker", client_id="c", reconnect="lan", drain_s=DRAIN_S, isolated=False, **self._options
        )
        if isinstance(client._outbox, SqliteOutbox):
            client._outbox._make_writer = self._disk.writer
        self.stores = [Store(spec.table, self._chance, self._wrong) for spec in self._specs]
        batch, wait_s = self._chance.choice((1, 3, 500)), self._chance.choice((0.0, 0.01, 0.5))
        self.ingests = [
            Ingest(
                client,
                topic=spec.filter,
                into=store,
                table=spec.table.name,
                columns={"number": "$.number int required", "topic": "@topic text"},
                key=["number"] if spec.table.keyed else [],
                qos=spec.qos,
                spool=spool,
                batch=batch,
                batch_wait_s=wait_s,
            )
            for spec, store in zip(self._specs, self.stores, strict=True)
        ]
        self._together = Together(self.ingests)
        self.run()

    def run(self) -> None:
        """Once more, after it has ended."""
        for store in self.stores:
            store.begin()
        self.running = asyncio.create_task(self._together.run())

    @property
    def ended(self) -> bool:
        """See the class."""
        return self.running.done()

    async def stop(self) -> float:
        """End in order; gives how much longer than allowed it took, or infinity: it did not end."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        await (self._together.stop() if self._chance.random() < 0.7 else self.client.stop())
        await asyncio.wait([self.running], timeout=STUCK_S)
        with suppress(Stopped, SinkError):
            if self.ended:
                self.running.result()
        return loop.time() - began - DRAIN_S if self.ended else inf

    def ledgers(self) -> list[tuple[Ingest, IngestLedger, Store]]:
        """Of this run, with what the sinks say."""
        return [(one, one.ledger, store) for one, store in zip(self.ingests, self.stores, strict=True)]

    def kill(self) -> None:
        """End at once."""
        for store in self.stores:
            store.dead = True
        if isinstance(self.client._outbox, SqliteOutbox):
            self._disk.kill(self.client._outbox)
