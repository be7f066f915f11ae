"""One run of the demo: gateways → broker → ingester, and a fault after the other."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, closing
from pathlib import Path

from holdfast.cli.demo.brokers import BrokerProcess
from holdfast.cli.demo.gateways import Gateway, together
from holdfast.cli.demo.judge import judge
from holdfast.cli.demo.plan import KEEPALIVE_S, Fault
from holdfast.cli.demo.readings import GATEWAYS, TOPIC, serial_of
from holdfast.cli.demo.relay import Relay
from holdfast.cli.demo.report import Outcome, Recovery
from holdfast.cli.demo.watch import POLL_S, Watch
from holdfast.client import Client, Status
from holdfast.ingest import Ingest
from holdfast.testing.proxy import Proxy

RATE = 200
"""Readings a second, of all gateways together."""

READY_WITHIN_S = 10.0
BACK_WITHIN_S = 15.0
DRAIN_WITHIN_S = 15.0
QUIET_S = 1.0

INGESTER = "ingester"


class Run:
    """Everything that takes part, from the first connection to the verdict."""

    def __init__(self, broker: BrokerProcess, database: Path, seed: int) -> None:
        self._broker = broker
        self._database = database
        self._seed = seed
        self._began = 0.0

    @asynccontextmanager
    async def started(self) -> AsyncIterator[Run]:
        """All connected; when this is left, all is gone."""
        async with AsyncExitStack() as stack:
            await self._broker.start()
            stack.push_async_callback(self._broker.kill)
            self._relay = await stack.enter_async_context(Relay(self._broker.port, serial_of))
            self._proxy = stack.enter_context(Proxy(f"127.0.0.1:{self._relay.port}"))
            await self._connect(stack)
            yield self

    async def _connect(self, stack: AsyncExitStack) -> None:
        url, now = self._proxy.url, int(time.time())
        listener = Client(url, client_id=INGESTER, keepalive_s=KEEPALIVE_S, reconnect="lan")
        self._listener = listener
        self._ingest = Ingest(listener, topic=f"{TOPIC}/{{gateway}}", into=str(self._database), qos=2)
        self._ingesting = asyncio.create_task(self._ingest.run(), name=INGESTER)
        stack.push_async_callback(self._end_ingest)
        self._gateways = [Gateway(number, url, self._seed, now) for number in range(1, GATEWAYS + 1)]
        for gateway in self._gateways:
            await gateway.client.start()
            stack.push_async_callback(gateway.stop)
        await self._until(lambda: self._all_up or self._ingesting.done(), READY_WITHIN_S)
        if self._ingesting.done():
            await self._ingesting
        await listener.ready(READY_WITHIN_S)
        self._began = asyncio.get_running_loop().time()

    # -- what is seen --------------------------------------------------------------------------

    @property
    def seconds(self) -> float:
        """Since all were connected."""
        return asyncio.get_running_loop().time() - self._began

    @property
    def version(self) -> str:
        """The protocol version the ingester speaks."""
        return self._listener.snapshot().version or "?"

    @property
    def counts(self) -> tuple[int, int, int]:
        """Published, stored, and waiting at the gateways."""
        published = sum(gateway.client.snapshot().ledger.accepted for gateway in self._gateways)
        return published, self._ingest.ledger.stored, self._waiting

    @property
    def _waiting(self) -> int:
        return sum(gateway.pending for gateway in self._gateways)

    @property
    def _clients(self) -> list[Client]:
        return [self._listener, *(gateway.client for gateway in self._gateways)]

    @property
    def _all_up(self) -> bool:
        return all(client.status is Status.CONNECTED for client in self._clients)

    # -- what is done --------------------------------------------------------------------------

    async def send(self, seconds: float, faults: list[Fault], tell: Callable[[Recovery], None]) -> None:
        """Publish for so long while these faults happen; each is told when it is over."""
        until = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            for gateway in self._gateways:
                group.create_task(gateway.publish(RATE / GATEWAYS, until))
            for fault in faults:
                await asyncio.sleep(max(0.0, fault.at_s - self.seconds))
                tell(await self._suffer(fault))
            await asyncio.sleep(max(0.0, seconds - self.seconds))
            until.set()

    async def _suffer(self, fault: Fault) -> Recovery:
        watch = Watch(self._clients, lambda: self._waiting, links_drop=fault.kind != "freeze")
        looking = asyncio.create_task(watch.look())
        try:
            await self._act(fault)
            watch.possible()
            async with asyncio.timeout(BACK_WITHIN_S):
                await watch.over.wait()
        except TimeoutError:
            pass
        finally:
            looking.cancel()
        return Recovery(fault, watch.noticed_s, watch.back_s, watch.peak, watch.cause)

    async def _act(self, fault: Fault) -> None:
        if fault.kind == "cut":
            self._proxy.reset()
        elif fault.kind == "freeze":
            self._broker.freeze()
            await asyncio.sleep(fault.away_s)
            self._broker.thaw()
        else:
            await (self._broker.terminate() if fault.kind == "restart" else self._broker.kill())
            await asyncio.sleep(fault.away_s)
            await self._broker.start()

    async def drain(self) -> Outcome:
        """Until everything is where it belongs, or nothing moves any more; then the verdict."""
        await self._until(lambda: not self._waiting, DRAIN_WITHIN_S)
        await self._until_quiet()
        acknowledged = set().union(*(gateway.acknowledged for gateway in self._gateways))
        failures = [said for gateway in self._gateways if (said := await gateway.failure())]
        ledgers = [await gateway.stop() for gateway in self._gateways]
        await self._end_ingest()
        taps = [self._relay.tap(gateway.client.client_id) for gateway in self._gateways]
        verdict = judge(acknowledged, self._rows(), taps, self._relay.tap(INGESTER))
        return Outcome(together(ledgers), self._ingest.ledger, verdict, next(iter(failures), None))

    async def _until_quiet(self) -> None:
        """Nothing came from the broker for a while, and nothing of it is unanswered."""
        loop = asyncio.get_running_loop()
        heard = self._relay.tap(INGESTER).to_client
        deadline, seen, since = loop.time() + DRAIN_WITHIN_S, -1, loop.time()
        while loop.time() < deadline and (heard.unanswered or loop.time() - since < QUIET_S):
            if len(heard.order) != seen:
                seen, since = len(heard.order), loop.time()
            await asyncio.sleep(POLL_S)

    async def _end_ingest(self) -> None:
        if not self._ingesting.done():
            await self._ingest.stop()
        await self._ingesting

    def _rows(self) -> list[str]:
        with closing(sqlite3.connect(self._database)) as db:
            rows = db.execute("SELECT payload FROM messages ORDER BY id")
            return [serial for (payload,) in rows if (serial := serial_of(payload.encode())) is not None]

    async def _until(self, check: Callable[[], bool], within_s: float) -> None:
        deadline = asyncio.get_running_loop().time() + within_s
        while not check() and asyncio.get_running_loop().time() < deadline:  # noqa: ASYNC110  # two clients' state
            await asyncio.sleep(POLL_S)
