"""Several ingests on one client: a message is acknowledged when each has it, and all end as one."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from holdfast import Client
from holdfast.errors import SubscribeRefused
from holdfast.ingest import Batch, Ingest, Memory, SinkError, Together, Written
from holdfast.testing import Broker, eventually


@pytest.fixture
def strict() -> Iterator[Broker]:
    """Our own broker, which hangs up on acknowledgements out of order."""
    with Broker(strict=True) as running:
        yield running
        assert running.violations == []


class Gate:
    """A sink that opens, and commits, when it is told to."""

    def __init__(self, target: str) -> None:
        self.target = target
        self.opened, self.open_now = asyncio.Event(), asyncio.Event()
        self.commit_now = asyncio.Event()
        self.topics: list[Any] = []
        self.fails = False

    async def open(self, session: str) -> Memory:
        self.opened.set()
        await self.open_now.wait()
        return Memory()

    async def write(self, batch: Batch) -> Written:
        await self.commit_now.wait()
        if self.fails:
            raise SinkError(f"{self.target} cannot be written", target=self.target)
        self.topics += [row[1] for row in batch.rows]
        return Written(len(batch.rows), 0, 0)

    async def close(self) -> None:
        return None


def client(broker: Broker) -> Client:
    return Client(broker.url, client_id="ingest", reconnect="lan", drain_s=1)


async def up(ours: Client) -> None:
    """Connected, and all subscriptions granted."""
    await eventually(lambda: ours.status == "connected")
    await ours.ready(5)


def rows(path: Path) -> list[Any]:
    with closing(sqlite3.connect(path)) as db:
        return [topic for (topic,) in db.execute("SELECT topic FROM messages ORDER BY id")]


async def test_a_message_of_both_is_acknowledged_when_both_have_it(strict: Broker) -> None:
    """One that has committed does not speak for the other."""
    ours, first, second = client(strict), Gate("first"), Gate("second")
    together = Together([Ingest(ours, topic="n/+", into=sink) for sink in (first, second)])
    run = asyncio.create_task(together.run())
    for sink in (first, second):
        sink.open_now.set()
    await up(ours)
    first.commit_now.set()
    strict.publish("n/1", "")
    strict.publish("n/2", "")
    await eventually(lambda: together.ledger.stored == 2)
    assert (first.topics, second.topics, ours.snapshot().handled) == (["n/1", "n/2"], [], 0)
    second.commit_now.set()
    await eventually(lambda: ours.snapshot().handled == 2)
    assert (together.ledger.received, together.ledger.stored) == (4, 4)
    await together.stop()
    assert await asyncio.wait_for(run, 5) == together.ledger


async def test_what_waits_at_the_broker_is_for_all_of_them(strict: Broker, tmp_path: Path) -> None:
    """It comes with CONNACK, while the second database is still being opened: no ingest misses its part."""
    paths = [tmp_path / name for name in ("a.db", "b.db")]
    for run in range(5):
        ours = client(strict)
        together = Together([Ingest(ours, topic="n/+", into=str(path)) for path in paths])
        running = asyncio.create_task(together.run())
        await up(ours)
        await eventually(partial(_stored, together, 20 if run else 0))
        await together.stop()
        await running
        for number in range(10 * run, 10 * run + 10):
            strict.publish(f"n/{number}", "")
    assert [rows(path) for path in paths] == [[f"n/{number}" for number in range(40)]] * 2


def _stored(together: Together, count: int) -> bool:
    return together.ledger.stored == count


async def test_one_that_cannot_begin_ends_all(strict: Broker, tmp_path: Path) -> None:
    """What it raised is raised, the client is stopped, and the broker keeps what nobody has stored."""
    ours = client(strict)
    broken = str(tmp_path / "none" / "b.db")
    together = Together(
        [Ingest(ours, topic="n/+", into=str(tmp_path / "a.db")), Ingest(ours, topic="m", into=broken)]
    )
    with pytest.raises(SinkError, match="there is no folder"):
        await asyncio.wait_for(together.run(), 5)
    assert ours.status == "disconnected"


async def test_one_that_is_refused_ends_all(strict: Broker, tmp_path: Path) -> None:
    """The others finish what they have in hand."""
    strict.refuse("SUBSCRIBE", 0x87, 1)
    ours = client(strict)
    several = [Ingest(ours, topic=topic, into=str(tmp_path / f"{topic}.db")) for topic in ("a", "b")]
    with pytest.raises(SubscribeRefused):
        await asyncio.wait_for(Together(several).run(), 5)
    assert ours.status == "disconnected"


async def test_the_trouble_of_one_is_told_and_holds_up_its_own(strict: Broker) -> None:
    """The other goes on; stopped meanwhile, what could not be stored is the broker's."""
    ours, first, second = client(strict), Gate("first"), Gate("second")
    together = Together([Ingest(ours, topic="a", into=first), Ingest(ours, topic="b", into=second)])
    for sink in (first, second):
        sink.open_now.set()
        sink.commit_now.set()
    second.fails = True
    run = asyncio.create_task(together.run())
    await up(ours)
    strict.publish("b", "")
    await eventually(lambda: together.trouble is not None and together.trouble.target == "second")
    strict.publish("a", "")
    await eventually(lambda: first.topics == ["a"])
    await together.stop()
    ledger = await asyncio.wait_for(run, 5)
    assert (ledger.received, ledger.stored, ledger.waiting) == (2, 1, 1)
