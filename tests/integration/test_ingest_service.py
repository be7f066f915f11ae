"""The Ingest class on a real connection: the acknowledgement follows the commit."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from holdfast import Client
from holdfast.cli.demo.relay import Relay
from holdfast.ingest import Batch, Ingest, IngestLedger, Memory, SinkError, SqliteSink, Written
from holdfast.testing import Broker, eventually


@pytest.fixture
def strict() -> Iterator[Broker]:
    """Our own broker, which hangs up on acknowledgements out of order."""
    with Broker(strict=True) as running:
        yield running
        assert running.violations == []


class Slow:
    """A sink that commits when it is told to."""

    def __init__(self) -> None:
        self.target = "nowhere"
        self.batches: list[Batch] = []
        self.fails = 0
        self.hold = False

    async def open(self, session: str) -> Memory:
        return Memory()

    async def write(self, batch: Batch) -> Written:
        if self.fails:
            self.fails -= 1
            raise SinkError("nowhere cannot be written", target=self.target)
        self.batches.append(batch)
        await eventually(lambda: not self.hold, 20)
        return Written(len(batch.rows), 0, 0)

    async def close(self) -> None:
        return None


@pytest.fixture
def make(strict: Broker) -> Callable[..., Ingest]:
    """An ingester on the strict broker."""

    def made(sink: Slow, **options: Any) -> Ingest:
        client = Client(strict.url, client_id="ingest", reconnect="lan")
        return Ingest(client, topic="n/+", into=sink, **options)

    return made


async def test_the_acknowledgement_follows_the_commit(strict: Broker) -> None:
    """While the sink has not returned no PUBACK leaves, over a lost connection too; then exactly one."""
    sink = Slow()
    sink.hold = True
    async with Relay(strict.port, bytes.decode) as relay:
        url = f"mqtt://127.0.0.1:{relay.port}"
        client = Client(url, client_id="ingest", reconnect="lan")
        service = Ingest(client, topic="n/+", into=sink)
        run = begin(service)
        heard = relay.tap("ingest").to_client
        strict.publish("n/1", "one", retain=True)
        await eventually(lambda: sink.batches)
        assert service.ledger == IngestLedger(received=1, waiting=1)
        strict.cut()  # it comes again, and joins the delivery that is being written
        await eventually(lambda: len(heard.order) >= 2)
        assert heard.taken == set()
        sink.hold = False
        await eventually(lambda: service.ledger == IngestLedger(received=1, stored=1))
        await eventually(lambda: heard.taken == {"one"})
        await service.stop()
        assert (await run).waiting == 0
    assert len(sink.batches) == 1


async def test_a_batch_that_failed_is_written_again(strict: Broker, make: Callable[..., Ingest]) -> None:
    """The same batch under the same number, until it is committed; trouble is shown while it lasts."""
    sink = Slow()
    sink.fails = 2
    service = make(sink)
    run = begin(service)
    strict.publish("n/1", "one", retain=True)
    await eventually(lambda: service.trouble is not None)
    await eventually(lambda: service.ledger.stored == 1)
    assert service.trouble is None
    assert [batch.number for batch in sink.batches] == [1]
    await service.stop()
    await run


async def test_a_batch_is_bounded(strict: Broker, make: Callable[..., Ingest]) -> None:
    """Never more rows in one transaction than asked for, whatever waits."""
    sink = Slow()
    sink.hold = True
    service = make(sink, batch=10)
    run = begin(service)
    for number in range(55):
        strict.publish(f"n/{number}", "x", retain=True)
    await eventually(lambda: sink.batches)
    sink.hold = False
    await eventually(lambda: service.ledger.stored == 55)
    assert max(len(batch.rows) for batch in sink.batches) == 10
    await service.stop()
    await run


async def test_a_target_that_cannot_be_opened_ends_it(make: Callable[..., Ingest], tmp_path: Path) -> None:
    """run() raises before it dials: nothing was subscribed that nobody can store."""
    service = make(SqliteSink(str(tmp_path / "no" / "x.db")))
    with pytest.raises(SinkError, match="there is no folder"):
        await service.run()


async def test_it_may_run_again(strict: Broker, tmp_path: Path) -> None:
    """What was stopped goes on with its file where it was."""
    client = Client(strict.url, client_id="ingest", reconnect="lan")
    service = Ingest(client, topic="n/+", into=str(tmp_path / "x.db"))
    for topics in ({"n/0"}, {"n/0", "n/1"}):
        run = begin(service)
        strict.publish(max(topics), "x", retain=True)
        await eventually(lambda: run.done() or topics_in(tmp_path / "x.db") == topics)  # noqa: B023
        await service.stop()
        assert (await run).waiting == 0


async def test_its_link_is_isolated_and_probed(strict: Broker) -> None:
    """Where the application did not say otherwise (contract 21, 23); the probe is no row."""
    client = Client(strict.url, client_id="ingest", reconnect="lan")
    sink = Slow()
    service = Ingest(client, topic="#", into=sink)
    run = begin(service)
    await eventually(lambda: client.snapshot().probe == "ok")
    assert "holdfast engine" in [thread.name for thread in threading.enumerate()]
    strict.publish("n/1", "one")
    await eventually(lambda: service.ledger == IngestLedger(received=1, stored=1))
    await service.stop()
    await run


def topics_in(path: Path) -> set[str]:
    try:
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as db:
            return {topic for (topic,) in db.execute("SELECT topic FROM messages")}
    except sqlite3.OperationalError:  # not made yet
        return set()


def begin(service: Ingest) -> asyncio.Task[IngestLedger]:
    return asyncio.create_task(service.run())
