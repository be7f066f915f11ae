"""One run of the demo: gateways → broker → ingester, and a fault after the other."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, closing
from pathlib import Path

from holdfast.cli.demo.brokers import BrokerProcess
from holdfast.cli.demo.fleet import LOG, Fleet, command
from holdfast.cli.demo.judge import judge
from holdfast.cli.demo.ledgers import acknowledged, together
from holdfast.cli.demo.links import Link, Observer
from holdfast.cli.demo.plan import KEEPALIVE_S, Fault, Kind
from holdfast.cli.demo.readings import GATEWAYS, TOPIC, client_id, serial_of
from holdfast.cli.demo.relay import Relay
from holdfast.cli.demo.report import Outcome, Recovery
from holdfast.cli.demo.watch import POLL_S, Watch
from holdfast.client import Client
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
    """Everything that takes part, from the first connection to the verdict.

    ``outboxes``: the folder of the gateways' files. Everything here raises HoldfastError when the
    gateways' process dies by itself.
    """

    def __init__(self, broker: BrokerProcess, database: Path, outboxes: Path, seed: int) -> None:
        self._broker = broker
        self._database = database
        self._outboxes = outboxes
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
        url = self._proxy.url
        listener = Client(url, client_id=INGESTER, keepalive_s=KEEPALIVE_S, reconnect="lan")
        self._listener = listener
        self._observer = observer = Observer(listener)
        self._ingest = Ingest(listener, topic=f"{TOPIC}/{{gateway}}", into=str(self._database), qos=2)
        self._ingesting = asyncio.create_task(self._ingest.run(), name=INGESTER)
        stack.push_async_callback(self._end_ingest)
        observing = asyncio.create_task(observer.follow())
        stack.callback(observing.cancel)
        self._fleet = Fleet(command(url, self._outboxes, self._seed, RATE), self._outboxes / LOG)
        stack.push_async_callback(self._fleet.kill)
        await self._fleet.start()
        all_up = self._until(lambda: self._all_up or self._ingesting.done(), READY_WITHIN_S)
        await self._fleet.outlived(all_up)
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
        """Published, stored, and waiting at the gateways; their news are a tenth of a second old."""
        stored = self._ingest.ledger.stored
        return max(self._fleet.news.accepted, stored), stored, self._waiting

    @property
    def _waiting(self) -> int:
        return self._fleet.news.pending

    @property
    def _links(self) -> list[Link]:
        return [self._observer.link, *self._fleet.news.links]

    @property
    def _all_up(self) -> bool:
        return all(link.up for link in self._links)

    # -- what is done --------------------------------------------------------------------------

    async def send(self, seconds: float, faults: list[Fault], tell: Callable[[Recovery], None]) -> None:
        """Publish for so long while these faults happen; each is told when it is over."""
        await self._fleet.outlived(self._send(seconds, faults, tell))

    async def _send(self, seconds: float, faults: list[Fault], tell: Callable[[Recovery], None]) -> None:
        self._fleet.tell("go")
        for fault in faults:
            await asyncio.sleep(max(0.0, fault.at_s - self.seconds))
            tell(await self._suffer(fault))
        await asyncio.sleep(max(0.0, seconds - self.seconds))
        self._fleet.tell("quiet")

    async def _suffer(self, fault: Fault) -> Recovery:
        watch = Watch(lambda: self._links, lambda: self._waiting, lambda link: _drops(fault.kind, link))
        looking = asyncio.create_task(watch.look())
        waited = None
        try:
            await self._act(fault)
            watch.possible()
            async with asyncio.timeout(BACK_WITHIN_S):
                if fault.kind == "gateways":
                    waited = await self._fleet.start()
                    self._fleet.tell("go")
                await watch.over.wait()
        except TimeoutError:
            pass
        finally:
            looking.cancel()
        peak = max(watch.peak, waited or 0)
        return Recovery(fault, watch.noticed_s, watch.back_s, peak, watch.cause, waited)

    async def _act(self, fault: Fault) -> None:
        if fault.kind == "cut":
            self._proxy.reset()
        elif fault.kind in ("freeze", "gateways"):
            self._broker.freeze()
            await asyncio.sleep(fault.away_s)
            if fault.kind == "gateways":
                await self._fleet.kill()
            self._broker.thaw()
        else:
            await (self._broker.terminate() if fault.kind == "restart" else self._broker.kill())
            await asyncio.sleep(fault.away_s)
            await self._broker.start()

    async def drain(self) -> Outcome:
        """Until everything is where it belongs, or nothing moves any more; then the verdict."""
        await self._fleet.outlived(self._settle())
        ledgers = await self._fleet.end()
        await self._end_ingest()
        taps = [self._relay.tap(client_id(number)) for number in range(1, GATEWAYS + 1)]
        failures = self._fleet.failures
        verdict = judge(acknowledged(ledgers, failures), self._rows(), taps, self._relay.tap(INGESTER))
        return Outcome(together(ledgers), self._ingest.ledger, verdict, next(iter(failures.values()), None))

    async def _settle(self) -> None:
        await self._until(lambda: not (self._fleet.news.publishing or self._waiting), DRAIN_WITHIN_S)
        await self._until_quiet()

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


def _drops(kind: Kind, link: Link) -> bool:
    """Whether this link cannot outlive such a fault."""
    return kind != "freeze" and (kind != "gateways" or link.name != INGESTER)
