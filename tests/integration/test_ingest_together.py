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

from holdfast import Client, Reconnect
from holdfast.errors import OutboxLocked, Stopped, SubscribeRefused
from holdfast.ingest import Batch, Ingest, Memory, SinkError, Together, Written
from holdfast.testing import Broker, eventually
from tests.support.mosquitto import free_port


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


def client(broker: Broker, outbox: Path | None = None) -> Client:
    """Without a probe, whose subscription could be the one that is refused."""
    return Client(broker.url, client_id="ingest", reconnect="lan", drain_s=1, probe_s=None, outbox=outbox)


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


@pytest.mark.parametrize("outbox", [None, "o.db"])
async def test_what_waits_at_the_broker_is_for_all_of_them(
    strict: Broker, tmp_path: Path, outbox: str | None
) -> None:
    """It comes with CONNACK, while the second database is still being opened: no ingest misses its part."""
    paths = [tmp_path / name for name in ("a.db", "b.db")]
    for run in range(5):
        ours = client(strict, tmp_path / outbox if outbox else None)
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
    strict.refuse("SUBSCRIBE", 0x87)
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
    await eventually(lambda: "second" in str(together.trouble))
    strict.publish("a", "")
    await eventually(lambda: first.topics == ["a"])
    await together.stop()
    ledger = await asyncio.wait_for(run, 5)
    assert (ledger.received, ledger.stored, ledger.waiting) == (2, 1, 1)


async def test_an_outbox_in_use_can_be_tried_again(strict: Broker, tmp_path: Path) -> None:
    """Nothing of the run that did not begin is left."""
    together = Together([Ingest(client(strict, tmp_path / "o.db"), topic="a", into=str(tmp_path / "a.db"))])
    async with client(strict, tmp_path / "o.db"):
        with pytest.raises(OutboxLocked):
            await together.run()
    run = asyncio.create_task(together.run())
    strict.publish("a", "x", retain=True)
    await eventually(lambda: together.ledger.stored == 1)
    await together.stop()
    await asyncio.wait_for(run, 5)


async def test_a_client_that_gives_up_is_an_error(tmp_path: Path) -> None:
    """Nobody asked for this end: what runs them must know that nothing comes any more."""
    few = Reconnect(first_delay_s=0.01, max_attempts=2)
    ours = Client(f"mqtt://127.0.0.1:{free_port()}", client_id="ingest", reconnect=few)
    several = [Ingest(ours, topic="a", into=str(tmp_path / name)) for name in ("a.db", "b.db")]
    with pytest.raises(Stopped, match="gave up on the broker"):
        await asyncio.wait_for(Together(several).run(), 10)


async def test_what_is_spooled_finds_its_database_in_whichever_order(strict: Broker, tmp_path: Path) -> None:
    """Two tables of one name in two databases: listed the other way round, each gets its own messages."""
    names = ("a", "b")

    def service(order: tuple[str, ...]) -> Together:
        one = client(strict, tmp_path / "o.db")
        return Together([Ingest(one, topic=f"{name}/#", into=str(tmp_path / f"{name}.db")) for name in order])

    first = service(names)
    running = asyncio.create_task(first.run())
    await eventually(lambda: all((tmp_path / f"{name}.db").exists() for name in names))
    await first.ingests[0]._client.ready(5)
    with (
        closing(sqlite3.connect(tmp_path / "a.db", isolation_level=None)) as a,
        closing(sqlite3.connect(tmp_path / "b.db", isolation_level=None)) as b,
    ):
        a.execute("BEGIN IMMEDIATE")
        b.execute("BEGIN IMMEDIATE")
        for name in names:
            strict.publish(f"{name}/1", name)
        await eventually(lambda: first.ledger.spooled == 2, 10)
        await first.stop()
        await running
    again = service(tuple(reversed(names)))
    running = asyncio.create_task(again.run())
    await eventually(lambda: again.ledger.stored == 2, 10)
    await again.stop()
    await running
    for name in names:
        with closing(sqlite3.connect(tmp_path / f"{name}.db")) as database:
            assert database.execute("SELECT payload FROM messages").fetchall() == [(name,)]
