"""Messages cross a dying broker into a table, with a tap between the broker and both clients.

publisher → proxy → tap → broker → tap → proxy → ingester → SQLite
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from random import Random

from holdfast import Client, Receipt, Status
from holdfast.cli.demo.brokers import BrokerProcess
from holdfast.cli.demo.judge import Verdict, judge
from holdfast.cli.demo.relay import Relay
from holdfast.cli.demo.tap import Direction
from holdfast.ingest import Ingest, IngestLedger
from holdfast.messages import QoS
from holdfast.outbox import Ledger
from holdfast.testing import Proxy, eventually

KEEPALIVE_S = 1
RATE = 2500
BACK_WITHIN_S = 20.0
DRAIN_WITHIN_S = 30.0

Fault = Callable[["Crossing"], Awaitable[None]]


@dataclass(frozen=True)
class Crossed:
    """What came of it."""

    published: Ledger
    ingested: IngestLedger
    rows: list[str]
    verdict: Verdict
    delivery: Direction

    @property
    def repeats(self) -> int:
        """Rows beyond the first of each message."""
        return len(self.rows) - len(set(self.rows))

    @property
    def unexplained(self) -> Counter[str]:
        """Rows of a message beyond the times it was on the wire."""
        return Counter(self.rows) - Counter(self.delivery.order)


class Crossing:
    """One publisher, one ingester, a broker process between them."""

    def __init__(self, broker: BrokerProcess, database: Path, qos: QoS, seed: int) -> None:
        self.broker = broker
        self.chance = Random(seed)
        self._database = database
        self._qos: QoS = qos
        self._receipts: dict[str, Receipt] = {}

    @asynccontextmanager
    async def _started(self) -> AsyncIterator[None]:
        await self.broker.start()
        async with Relay(self.broker.port, bytes.decode) as self._relay:
            with Proxy(f"127.0.0.1:{self._relay.port}") as self.proxy:
                self._publisher = self._client("publisher")
                self._listener = self._client("ingester")
                into = str(self._database)
                self._ingest = Ingest(self._listener, topic="n/{of}", into=into, qos=self._qos)
                ingesting = asyncio.create_task(self._ingest.run())
                try:
                    await eventually(lambda: self._listener.status is Status.CONNECTED, 10)
                    await self._listener.ready(10)
                    async with self._publisher:
                        yield
                    await self._ingest.stop()
                    await ingesting
                finally:
                    ingesting.cancel()
                    await asyncio.gather(ingesting, return_exceptions=True)
                    await self.broker.kill()

    def _client(self, name: str) -> Client:
        return Client(self.proxy.url, client_id=name, keepalive_s=KEEPALIVE_S, reconnect="lan")

    async def run(self, count: int, faults: Sequence[Fault]) -> Crossed:
        """``count`` messages in as many parts as there are faults, one fault within each part."""
        numbers = iter(range(count))
        async with self._started():
            for fault in faults:
                part = list(islice(numbers, -(-count // len(faults))))
                async with asyncio.TaskGroup() as group:
                    group.create_task(self._publish(part))
                    group.create_task(self._break(fault, len(part) / RATE))
                await eventually(self._up, BACK_WITHIN_S)
            await self._publisher.flush(DRAIN_WITHIN_S)
            await self._quiet()
        return self._crossed()

    async def _publish(self, numbers: Sequence[int]) -> None:
        for number in numbers:
            serial = f"1-{number:06}"
            self._receipts[serial] = await self._publisher.publish("n/1", serial, qos=self._qos)
            if number % 50 == 0:
                await asyncio.sleep(50 / RATE)

    async def _break(self, fault: Fault, part_s: float) -> None:
        await asyncio.sleep(self.chance.uniform(0.1, 0.9) * part_s)
        await fault(self)

    def _up(self) -> bool:
        return all(client.status is Status.CONNECTED for client in (self._publisher, self._listener))

    async def _quiet(self) -> None:
        """Nothing unanswered, and nothing new for a while."""
        heard, loop = self._relay.tap("ingester").to_client, asyncio.get_running_loop()
        seen, since = -1, loop.time()

        def still() -> bool:
            nonlocal seen, since
            if len(heard.order) != seen or heard.unanswered:
                seen, since = len(heard.order), loop.time()
            return loop.time() - since > 1.0

        await eventually(still, DRAIN_WITHIN_S)

    def _crossed(self) -> Crossed:
        with closing(sqlite3.connect(self._database)) as db:
            rows = [payload for (payload,) in db.execute("SELECT payload FROM messages ORDER BY id")]
        acknowledged = {serial for serial, one in self._receipts.items() if one.state == "acknowledged"}
        tap = self._relay.tap("ingester")
        verdict = judge(acknowledged, rows, [self._relay.tap("publisher")], tap)
        published = self._publisher.snapshot().ledger
        return Crossed(published, self._ingest.ledger, rows, verdict, tap.to_client)


# -- faults ----------------------------------------------------------------------------------------


async def cut(crossing: Crossing) -> None:
    """RST on every connection."""
    crossing.proxy.reset()


async def restart(crossing: Crossing) -> None:
    """SIGTERM and start again."""
    await crossing.broker.terminate()
    await asyncio.sleep(crossing.chance.uniform(0, 0.5))
    await crossing.broker.start()


async def freeze(crossing: Crossing) -> None:
    """SIGSTOP until both clients have noticed."""
    crossing.broker.freeze()
    await asyncio.sleep(2 * KEEPALIVE_S)
    crossing.broker.thaw()


async def kill(crossing: Crossing) -> None:
    """SIGKILL and start again."""
    await crossing.broker.kill()
    await asyncio.sleep(crossing.chance.uniform(0, 0.3))
    await crossing.broker.start()
