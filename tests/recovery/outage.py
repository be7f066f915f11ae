"""One outage on one axis of time: what is accepted, what has arrived, and what waits in the outbox file."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic

from holdfast import Client
from holdfast.testing import eventually
from tests.recovery.publishing import Publisher
from tests.support.mosquitto import Mosquitto

RATE = 100
CALM_S, AWAY_S, AFTER_S = 6.0, 10.0, 6.0
LOOK_EVERY_S = 0.1
LINES = ("max_queued_messages 0", "max_inflight_messages 1000", "persistence true")


@dataclass
class Outage:
    """Seconds since the beginning, and counts at each."""

    began_s: float = 0.0
    ended_s: float = 0.0
    at_s: list[float] = field(default_factory=list)
    accepted: list[int] = field(default_factory=list)
    arrived: list[int] = field(default_factory=list)
    waiting: list[int] = field(default_factory=list)


class Scene:
    """A broker, a gateway with an outbox file, and somebody who notes what arrives."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._came: list[str] = []
        self._seen = Outage()

    async def play(self) -> Outage:
        """The broker is ended, is away, and comes back; in the end all of it has arrived."""
        with Mosquitto(self._folder / "mosquitto", *LINES, f"persistence_location {self._folder}/") as broker:
            async with self._watcher(broker), self._gateway(broker) as gateway:
                publisher, start = Publisher(gateway, RATE), monotonic()
                async with asyncio.TaskGroup() as tasks:
                    tasks.create_task(publisher.run())
                    looking = tasks.create_task(self._look(gateway, start))
                    await self._break(broker, start)
                    publisher.stop()
                    await eventually(lambda: self._seen.arrived[-1] == publisher.numbers, 20)
                    looking.cancel()
        return self._seen

    async def _break(self, broker: Mosquitto, start: float) -> None:
        await asyncio.sleep(CALM_S)
        self._seen.began_s = round(monotonic() - start, 2)
        await asyncio.to_thread(broker.stop)
        await asyncio.sleep(AWAY_S)
        await asyncio.to_thread(broker.start)
        self._seen.ended_s = round(monotonic() - start, 2)
        await asyncio.sleep(AFTER_S)

    @asynccontextmanager
    async def _watcher(self, broker: Mosquitto) -> AsyncIterator[None]:
        client = Client(broker.url, client_id="watcher", reconnect="lan", session_expiry_s=3600)

        @client.on("n/#", qos=2)
        async def note(payload: str) -> None:
            self._came.append(payload)

        async with client:
            await client.ready(10)
            yield

    @asynccontextmanager
    async def _gateway(self, broker: Mosquitto) -> AsyncIterator[Client]:
        outbox = self._folder / "gateway.db"
        async with Client(broker.url, client_id="gateway", reconnect="lan", outbox=outbox) as client:
            await client.ready(10)
            yield client

    async def _look(self, gateway: Client, start: float) -> None:
        seen = self._seen
        while True:
            ledger = gateway.snapshot().ledger
            seen.at_s.append(round(monotonic() - start, 2))
            seen.accepted.append(ledger.accepted)
            seen.arrived.append(len(set(self._came)))
            seen.waiting.append(ledger.pending)
            await asyncio.sleep(LOOK_EVERY_S)
