"""Messages on their way into a table, with a tap between the broker and both clients.

publisher → proxy → tap → broker → tap → proxy → ingester → SQLite
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path
from random import Random

from holdfast import Client, Limits, Status, codec
from holdfast.cli.demo.brokers import WINDOW, BrokerProcess
from holdfast.cli.demo.judge import Verdict, judge
from holdfast.cli.demo.relay import Relay
from holdfast.cli.demo.tap import Direction, Tap
from holdfast.ingest import Ingest, IngestLedger
from holdfast.messages import QoS
from holdfast.outbox import Ledger
from holdfast.testing import Proxy, eventually

KEEPALIVE_S = 1
DRAIN_WITHIN_S = 30.0

Fault = Callable[["Way"], Awaitable[None]]


@dataclass(frozen=True)
class Crossed:
    """What came of it."""

    published: Ledger
    ingested: IngestLedger
    rows: list[str]
    verdict: Verdict
    delivery: Direction
    afresh: set[bytes]

    @property
    def repeats(self) -> int:
        """Rows beyond the first of each message."""
        return len(self.rows) - len(set(self.rows))

    @property
    def unexplained(self) -> Counter[str]:
        """Rows of a message beyond the times it was on the wire."""
        return Counter(self.rows) - Counter(self.delivery.order)


class StrictTap(Tap):
    """Also sees what a publisher that was killed must not do at QoS 1 either.

    PUBACK may have passed here and not have reached its file: so a message may come again after it,
    but with DUP. ``afresh``: those that came without DUP twice in one session.
    """

    def __init__(self) -> None:
        super().__init__(bytes.decode)
        self._first: set[bytes] = set()
        self.afresh: set[bytes] = set()

    def from_client(self, packet: codec.Packet) -> None:
        """One packet the client sent."""
        super().from_client(packet)
        if isinstance(packet, codec.Publish) and packet.qos and not packet.dup:
            (self.afresh if packet.payload in self._first else self._first).add(packet.payload)

    def from_broker(self, packet: codec.Packet) -> None:
        """One packet the broker sent."""
        super().from_broker(packet)
        if isinstance(packet, codec.Connack) and not packet.session_present:
            self._first.clear()


class Way:
    """One ingester and a broker process; the publisher is whoever dials ``proxy.url`` as "publisher"."""

    def __init__(self, broker: BrokerProcess, database: Path, qos: QoS, seed: int) -> None:
        self.broker = broker
        self.qos: QoS = qos
        self.chance = Random(seed)
        self.folder = database.parent
        self._database = database

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """The broker runs and the ingester is ready; in the end it has stored what it got."""
        await self.broker.start()
        async with Relay(self.broker.port, bytes.decode) as self._relay:
            self._relay.taps["publisher"] = self._tap = StrictTap()
            with Proxy(f"127.0.0.1:{self._relay.port}") as self.proxy:
                self.listener = self.client("ingester")
                into = str(self._database)
                self._ingest = Ingest(self.listener, topic="n/{of}", into=into, qos=self.qos)
                ingesting = asyncio.create_task(self._ingest.run())
                try:
                    await eventually(lambda: self.listener.status is Status.CONNECTED, 10)
                    await self.listener.ready(10)
                    yield
                    await self._ingest.stop()
                    await ingesting
                finally:
                    ingesting.cancel()
                    await asyncio.gather(ingesting, return_exceptions=True)
                    await self.broker.kill()

    def client(self, name: str, inflight: int = WINDOW) -> Client:
        """A client on this way; ``inflight``: its window."""
        limits = Limits(inflight=inflight)
        return Client(self.proxy.url, client_id=name, keepalive_s=KEEPALIVE_S, reconnect="lan", limits=limits)

    async def quiet(self) -> None:
        """The ingester is there, nothing is unanswered, and nothing new comes for a while."""
        heard = self._relay.tap("ingester").to_client
        await until_quiet(heard, lambda: self.listener.status is Status.CONNECTED, DRAIN_WITHIN_S)

    def crossed(self, published: Ledger, acknowledged: Collection[str]) -> Crossed:
        """The verdict; ``acknowledged`` is what the publisher was told of."""
        with closing(sqlite3.connect(self._database)) as db:
            rows = [payload for (payload,) in db.execute("SELECT payload FROM messages ORDER BY id")]
        tap = self._relay.tap("ingester")
        verdict = judge(acknowledged, rows, [self._tap], tap)
        return Crossed(published, self._ingest.ledger, rows, verdict, tap.to_client, self._tap.afresh)


async def until_quiet(heard: Direction, is_linked: Callable[[], bool], within_s: float) -> None:
    """Nothing is unanswered, and nothing new has come for a while on a link that stood."""
    loop = asyncio.get_running_loop()
    seen, since = -1, loop.time()

    def still() -> bool:
        nonlocal seen, since
        if not is_linked() or len(heard.order) != seen or heard.unanswered:
            seen, since = len(heard.order), loop.time()
        return loop.time() - since > 1.0

    await eventually(still, within_s)


# -- faults ----------------------------------------------------------------------------------------


async def cut(way: Way) -> None:
    """RST on every connection."""
    way.proxy.reset()


async def refuse(way: Way) -> None:
    """Every connection is cut, and no new one made for a while."""
    way.proxy.refuse()
    way.proxy.reset()
    await asyncio.sleep(way.chance.uniform(0.2, 0.8))
    way.proxy.heal()


async def away(way: Way) -> None:
    """Every connection is cut, and no new one made for many lives of a publisher."""
    way.proxy.refuse()
    way.proxy.reset()
    await asyncio.sleep(4)
    way.proxy.heal()


async def hold(way: Way) -> None:
    """Nothing passes until both clients have noticed; what was under way is lost with its connection.

    Were it to arrive after all, a process that is gone would connect, and take the session over.
    """
    way.proxy.hole()
    await asyncio.sleep(way.chance.uniform(0.5, 2) * KEEPALIVE_S)
    way.proxy.reset()
    way.proxy.heal()


async def restart(way: Way) -> None:
    """SIGTERM and start again."""
    await way.broker.terminate()
    await asyncio.sleep(way.chance.uniform(0, 0.5))
    await way.broker.start()


async def freeze(way: Way) -> None:
    """SIGSTOP until both clients have noticed."""
    way.broker.freeze()
    await asyncio.sleep(2 * KEEPALIVE_S)
    way.broker.thaw()


async def kill(way: Way) -> None:
    """SIGKILL and start again."""
    await way.broker.kill()
    await asyncio.sleep(way.chance.uniform(0, 0.3))
    await way.broker.start()
