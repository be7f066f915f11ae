"""kill -9 of a subscriber with an outbox file: every message is handled all the same (B02, contract 5)."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from typing import Any

import pytest

from holdfast import Client, QoS
from holdfast.testing import Broker, eventually
from tests.support import subscribing

COUNT = 1000
WITHIN_S = 20


@pytest.fixture
def broker() -> Iterator[Broker]:
    """Strict, and closed with no violation."""
    with Broker(strict=True) as broker:
        yield broker
        assert broker.violations == []


class Subscriber:
    """One outbox file, and the processes that own it one after the other."""

    def __init__(self, folder: Path, url: str, qos: QoS, **work: Any) -> None:
        options = {"url": url, "client_id": "subscriber", "outbox": str(folder / "outbox.db")}
        wishes = {"qos": qos, "options": {**options, "reconnect": "lan"}, "work": work or None}
        self._command = [sys.executable, "-m", subscribing.__name__, json.dumps(wishes)]
        self._report = folder / "subscriber.out"

    @asynccontextmanager
    async def life(self) -> AsyncIterator[None]:
        """It is subscribed, and killed in the end."""
        lives = self._lines().count("subscribed")
        process = self._start()
        try:
            await eventually(lambda: self._lines().count("subscribed") > lives, WITHIN_S)
            yield
        finally:
            process.kill()
            await asyncio.to_thread(process.wait)

    def _start(self) -> subprocess.Popen[bytes]:
        with self._report.open("ab") as out:
            return subprocess.Popen(self._command, stdout=out)

    def _lines(self) -> list[str]:
        return self._report.read_text().splitlines() if self._report.exists() else []

    @property
    def handled(self) -> list[str]:
        """What was handled, in all lives."""
        return [line for line in self._lines() if line != "subscribed"]


@pytest.mark.parametrize("qos", [1, 2])
async def test_what_comes_while_it_is_dead_is_handled(broker: Broker, tmp_path: Path, qos: QoS) -> None:
    """B02: killed, 1,000 messages are published; the next life handles all, once and in order."""
    subscriber = Subscriber(tmp_path, broker.url, qos)
    async with subscriber.life():
        pass
    async with Client(broker.url, outbox=tmp_path / "publisher.db") as client:
        for number in range(COUNT):
            client.publish_nowait("n/1", str(number), qos=qos)
        await client.flush(WITHIN_S)
    async with subscriber.life():
        await eventually(lambda: len(subscriber.handled) >= COUNT, WITHIN_S)
    assert subscriber.handled == [str(number) for number in range(COUNT)]


@pytest.mark.parametrize("qos", [1, 2])
async def test_killed_while_it_handles(broker: Broker, tmp_path: Path, qos: QoS) -> None:
    """Contract 6: again and again; nothing is swallowed, and handled again is what was not acknowledged."""
    subscriber, chance, published = Subscriber(tmp_path, broker.url, qos), Random(3), 0
    for _ in range(6):
        async with subscriber.life():
            for _ in range(100):
                broker.publish("n/1", str(published), qos=qos)
                published += 1
            await asyncio.sleep(chance.uniform(0, 0.05))
    async with subscriber.life():
        await eventually(lambda: len(set(subscriber.handled)) >= published, WITHIN_S)
    assert list(dict.fromkeys(subscriber.handled)) == [str(number) for number in range(published)]


async def killed_with_many_in_hand(broker: Broker, folder: Path, qos: QoS, kills: int) -> None:
    """What was acknowledged had been processed: after so many kills nothing is missing, each key in order."""
    work = {"concurrency": 8, "key": "{name}"}
    subscriber, chance, published = Subscriber(folder, broker.url, qos, **work), Random(kills), 0
    for _ in range(kills):
        async with subscriber.life():
            for _ in range(60):
                broker.publish(f"n/{published % 20}", str(published), qos=qos)
                published += 1
            await asyncio.sleep(chance.uniform(0, 0.05))
    async with subscriber.life():
        await eventually(lambda: len(set(subscriber.handled)) >= published, WITHIN_S)
    first = list(dict.fromkeys(map(int, subscriber.handled)))
    assert sorted(first) == list(range(published))
    for key in range(20):
        numbers = [number for number in first if number % 20 == key]
        assert numbers == sorted(numbers)


@pytest.mark.parametrize("qos", [1, 2])
async def test_killed_with_many_in_hand(broker: Broker, tmp_path: Path, qos: QoS) -> None:
    """D03: eight at once, in lanes, some to be tried again; killed ten times for each QoS."""
    await killed_with_many_in_hand(broker, tmp_path, qos, 10)


@pytest.mark.chaos
@pytest.mark.parametrize("qos", [1, 2])
async def test_killed_a_hundred_times(broker: Broker, tmp_path: Path, qos: QoS) -> None:
    """The same at full size."""
    await killed_with_many_in_hand(broker, tmp_path, qos, 100)
