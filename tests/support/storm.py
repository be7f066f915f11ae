"""Messages into a table while the ingest, the broker and the database die at random.

publisher → tap → broker → tap → ``holdfast ingest`` → database
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from random import Random

from holdfast import Client, Limits, Receipt, codec
from holdfast.cli.demo.brokers import BrokerProcess
from holdfast.cli.demo.judge import Verdict, judge, lost_by_us
from holdfast.cli.demo.relay import Relay
from holdfast.cli.demo.tap import Tap
from holdfast.cli.outbox import looking
from holdfast.messages import QoS
from holdfast.testing import eventually
from tests.support.bases import WITHIN_S, Base
from tests.support.command import Running
from tests.support.way import until_quiet

RATE = 2500
BACKLOG = 5000
"""What the broker may have for the ingest: mosquitto saves all of it at each change, and falls silent."""

GOOD_NEWS = "connected to", "subscribed"


class Service:
    """``holdfast ingest``, started again whenever it has ended, as a service manager does."""

    def __init__(self, folder: Path, url: str, base: Base, qos: QoS) -> None:
        self._folder, self._spool = folder, str(folder / "spool")
        self._words = ["-u", url, "-t", "n/#", "--into", base.url, "--client-id", "ingest", "--json"]
        self._words += ["--outbox", self._spool, "--keepalive-s", "2", "-q", str(qos)]
        if qos == 1:
            self._words += ["--key", "payload"]
        self._lives: list[Running] = []
        self._wanted = True

    @property
    def deaths(self) -> int:
        """How often it was started again."""
        return len(self._lives) - 1

    @property
    def _now(self) -> Running:
        return self._lives[-1]

    def start(self) -> None:
        """Run it until ``stop``."""
        self._begin()
        self._keeping = asyncio.create_task(self._keep())

    def _begin(self) -> None:
        self._lives.append(Running(self._folder / f"ingest-{len(self._lives)}", "ingest", *self._words))

    async def _keep(self) -> None:
        while True:
            await asyncio.to_thread(self._now.process.wait)
            if not self._wanted:
                return
            self._begin()

    async def kill(self) -> None:
        """kill -9, wherever it is."""
        self._now.process.kill()

    async def is_subscribed(self) -> None:
        """The broker keeps what comes from now on."""
        await eventually(lambda: "subscribed n/#" in self._now.err, WITHIN_S)

    @property
    def is_linked(self) -> bool:
        """Whether the last it said of its link is good news."""
        said = [line for line in self._now.err.splitlines() if line.startswith((*GOOD_NEWS, "127.0.0.1:"))]
        return bool(said) and said[-1].startswith(GOOD_NEWS)

    async def stop(self) -> None:
        """It ends in peace, once it has stored what it spooled: nothing is left anywhere."""
        await eventually(lambda: self._spooled() == 0, WITHIN_S)
        self._wanted = False
        self._now.process.terminate()
        await self._keeping
        assert self._now.process.returncode == 0, self._now.err
        ledger = json.loads(self._now.out.splitlines()[-1])
        assert (ledger["waiting"], ledger["spooled"]) == (0, 0), ledger

    def _spooled(self) -> int:
        with looking(self._spool) as seen:
            return seen.held_count()

    def close(self) -> None:
        """Nothing of it is left."""
        self._wanted = False
        for life in self._lives:
            life.__exit__()


class ReuseTap(Tap):
    """Also sees what a killed mosquitto does with QoS 2 identifiers, as it comes back as it once was.

    ``reused``: what came under one that was answered for another message, and not released since. A process
    that began meanwhile knows the identifier, and cannot know that it means another message (contract 14).
    """

    def __init__(self) -> None:
        super().__init__(bytes.decode)
        self._under: dict[int, str] = {}
        self._answered: dict[int, str] = {}
        self.reused: set[str] = set()

    def from_broker(self, packet: codec.Packet) -> None:
        """One packet the broker sent."""
        super().from_broker(packet)
        if isinstance(packet, codec.Publish) and packet.qos == 2:
            serial = self._under[packet.packet_id] = packet.payload.decode()
            if self._answered.get(packet.packet_id, serial) != serial:
                self.reused.add(serial)

    def from_client(self, packet: codec.Packet) -> None:
        """One packet the client sent."""
        super().from_client(packet)
        if isinstance(packet, codec.Pubrec) and packet.packet_id in self._under:
            self._answered[packet.packet_id] = self._under[packet.packet_id]
        elif isinstance(packet, codec.Pubcomp):
            self._answered.pop(packet.packet_id, None)


@dataclass(frozen=True)
class Weathered:
    """What came of it; ``lost``: by us, or by nobody who could know, which ``reused`` tells."""

    rows: list[str]
    acknowledged: int
    verdict: Verdict
    deaths: int
    lost: set[str]
    reused: set[str]


class Storm:
    """One run of it. ``inflight``: the publisher's window."""

    def __init__(self, broker: BrokerProcess, base: Base, folder: Path, qos: QoS, inflight: int) -> None:
        self._broker, self._base, self._folder = broker, base, folder
        self._qos: QoS = qos
        self._limits = Limits(inflight=inflight)
        self._receipts: dict[str, Receipt] = {}

    async def blow(self, count: int, faults: int, seed: int) -> Weathered:
        """``count`` messages in as many parts as there are faults, one at some moment of each."""
        self._chance = Random(seed)
        await self._broker.start()
        try:
            async with Relay(self._broker.port, bytes.decode) as self._relay:
                self._relay.taps["ingest"] = self._tap = ReuseTap()
                url = f"mqtt://127.0.0.1:{self._relay.port}"
                self._service = Service(self._folder, url, self._base, self._qos)
                try:
                    return await self._cross(url, count, faults)
                finally:
                    self._service.close()
        finally:
            await self._broker.kill()

    async def _cross(self, url: str, count: int, faults: int) -> Weathered:
        self._service.start()
        await self._service.is_subscribed()
        async with Client(
            url, client_id="publisher", keepalive_s=2, reconnect="lan", limits=self._limits
        ) as publisher:
            numbers = iter(range(count))
            for fault in self._faults(faults):
                part = list(islice(numbers, -(-count // faults)))
                async with asyncio.TaskGroup() as group:
                    group.create_task(self._publish(publisher, part))
                    group.create_task(self._strike(fault, len(part) / RATE))
            await publisher.flush(WITHIN_S)
        await self._quiet()
        deaths = self._service.deaths
        await self._service.stop()
        return self._judged(deaths)

    async def _publish(self, publisher: Client, numbers: list[int]) -> None:
        for number in numbers:
            serial = f"1-{number:06}"
            self._receipts[serial] = await publisher.publish("n/1", serial, qos=self._qos)
            if number % 50 == 0:
                await asyncio.sleep(50 / RATE)
                await eventually(partial(self._keeps_up, number), WITHIN_S)

    def _keeps_up(self, number: int) -> bool:
        return number - len(self._tap.to_client.order) < BACKLOG

    def _faults(self, count: int) -> Sequence[Callable[[], Awaitable[None]]]:
        """Each as often as the others, in a random order."""
        away_s = partial(self._chance.uniform, 0.2, 2)
        kinds = (self._service.kill, self._kill_broker, lambda: self._base.strike(away_s()))
        faults = [kinds[number % len(kinds)] for number in range(count)]
        self._chance.shuffle(faults)
        return faults

    async def _strike(self, fault: Callable[[], Awaitable[None]], part_s: float) -> None:
        await asyncio.sleep(self._chance.uniform(0.1, 0.9) * part_s)
        await fault()

    async def _kill_broker(self) -> None:
        await self._broker.kill()
        await asyncio.sleep(self._chance.uniform(0, 0.3))
        await self._broker.start()

    async def _quiet(self) -> None:
        """The ingest is there, nothing is unanswered, and nothing new comes for a while."""
        await self._service.is_subscribed()
        await until_quiet(self._tap.to_client, lambda: self._service.is_linked, WITHIN_S)

    def _judged(self, deaths: int) -> Weathered:
        acknowledged = {serial for serial, one in self._receipts.items() if one.state == "acknowledged"}
        rows = self._base.rows()
        publishers = [self._relay.tap("publisher")]
        verdict = judge(acknowledged, rows, publishers, self._tap)
        lost = set(lost_by_us(acknowledged - set(rows), publishers, self._tap.to_client))
        return Weathered(rows, len(acknowledged), verdict, deaths, lost, self._tap.reused)
