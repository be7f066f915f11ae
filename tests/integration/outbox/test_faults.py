"""A hundred random faults, and a publisher with a file that stops and starts among them (C03, C05)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from random import Random

import pytest

from holdfast import Client, QoS
from holdfast.testing import Broker, Proxy, eventually

FAULTS = 100


class Outages:
    """A sender with a file and a reader, each behind the same network; one fault after the other."""

    def __init__(self, broker: Broker, proxy: Proxy, path: Path, qos: QoS, fault_s: float) -> None:
        self._broker = broker
        self._proxy = proxy
        self._qos: QoS = qos
        self._fault_s = fault_s
        self._chance = Random(qos)
        self._running = asyncio.Lock()
        self.sender = Client(proxy.url, outbox=path, reconnect="lan", keepalive_s=1, drain_s=0.2)
        self.reader = Client(proxy.url, client_id="reader", reconnect="lan", keepalive_s=1)
        self.got: list[int] = []
        self.published = 0
        self.over = False

        @self.reader.on("n", qos=qos)
        async def handle(payload: str) -> None:
            self.got.append(int(payload))

    async def run(self, rate: float) -> None:
        """So many messages a second until the faults are over; then all that was accepted has arrived."""
        async with self.reader, self.sender:
            await self.reader.ready(10)
            publishing = asyncio.create_task(self._publish(1 / rate))
            await self._break()
            self.over = True
            await publishing
            await self.sender.flush(30)
            await eventually(lambda: len(set(self.got)) >= self.published, 30)

    async def _publish(self, pause_s: float) -> None:
        while not self.over:
            async with self._running:
                await self.sender.publish("n", str(self.published), qos=self._qos)
            self.published += 1
            await asyncio.sleep(pause_s)

    async def _break(self) -> None:
        for _ in range(FAULTS):
            await self._chance.choice(self._faults())()
            await asyncio.sleep(self._chance.uniform(0, self._fault_s))

    def _faults(self) -> list[Callable[[], Awaitable[None]]]:
        proxy, broker, forget = self._proxy, self._broker, self._broker.cut
        return [
            self._once(proxy.reset),
            self._once(proxy.half_close),
            self._once(forget),
            self._once(broker.restart),
            self._lasting(proxy.refuse),
            self._lasting(proxy.hole),
            self._lasting(lambda: proxy.delay(0.1)),
            self._lasting(lambda: proxy.rate(2000)),
            self._lasting(broker.freeze),
            self._restart,
        ]

    def _once(self, fault: Callable[[], None]) -> Callable[[], Awaitable[None]]:
        async def happen() -> None:
            fault()

        return happen

    def _lasting(self, fault: Callable[[], None]) -> Callable[[], Awaitable[None]]:
        async def happen() -> None:
            fault()
            await asyncio.sleep(self._chance.uniform(0, self._fault_s))
            self._proxy.heal()
            self._broker.thaw()

        return happen

    async def _restart(self) -> None:
        """The sender ends with what it has, and begins again with its file."""
        async with self._running:
            await self.sender.stop()
            await self.sender.start()


async def outages(broker: Broker, path: Path, qos: QoS, fault_s: float, rate: float) -> Outages:
    """One run, judged: none missing, first arrivals in order, QoS 2 once, and the books say so."""
    with Proxy(broker.url) as proxy:
        run = Outages(broker, proxy, path, qos, fault_s)
        await run.run(rate)
    ledger = run.sender.snapshot().ledger
    assert (ledger.accepted, ledger.acknowledged) == (run.published, run.published)
    assert list(dict.fromkeys(run.got)) == list(range(run.published))
    assert len(run.got) == run.published or qos == 1
    print(f"{run.published} messages, {run.sender.snapshot().reconnections} reconnections")
    return run


@pytest.mark.parametrize("qos", [1, 2])
async def test_a_hundred_faults(broker: Broker, tmp_path: Path, qos: QoS) -> None:
    """C03 in short: missing = 0."""
    run = await outages(broker, tmp_path / "outbox.db", qos, 0.1, 200)
    assert run.published > FAULTS


@pytest.mark.chaos
@pytest.mark.parametrize("qos", [1, 2])
async def test_a_hundred_outages(broker: Broker, tmp_path: Path, qos: QoS) -> None:
    """C03, with time for each fault to be noticed: a hundred in two or three minutes, 1,000 a minute."""
    run = await outages(broker, tmp_path / "outbox.db", qos, 2, 1000 / 60)
    assert run.published > 1000
