"""A stop ends in time whatever the database does, and what is in doubt then is stored once (contract 24)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from holdfast import Client, QoS
from holdfast.ingest import Batch, Ingest, IngestLedger, Memory, Sink, SinkError, Written
from holdfast.testing import Broker, eventually
from tests.support.piping import Silent
from tests.support.postgres import Database

DRAIN_S = 2.0
COUNT = 5
WITHIN_S = 20
ROWS = "SELECT payload FROM messages ORDER BY id"
COMMITTING = "SELECT count(*) FROM pg_stat_activity WHERE query = 'COMMIT' AND state = 'active'"
SLOW_COMMIT = """
CREATE FUNCTION put_off() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN SET CONSTRAINTS slow DEFERRED; RETURN NEW; END $$;
CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(3); RETURN NULL; END $$;
CREATE TRIGGER put_off BEFORE INSERT ON messages FOR EACH ROW EXECUTE FUNCTION put_off();
CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON messages DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW WHEN (NEW.payload = 'slow') EXECUTE FUNCTION slow()
"""


@pytest.fixture
def strict() -> Iterator[Broker]:
    """Our own broker, which hangs up on acknowledgements out of order."""
    with Broker(strict=True) as running:
        yield running
        assert running.violations == []


def ingest_of(
    broker: Broker,
    folder: Path,
    into: str | Sink,
    *,
    qos: QoS = 1,
    spool: bool = True,
    drain_s: float = DRAIN_S,
) -> Ingest:
    client = Client(
        broker.url, client_id="ingest", outbox=folder / "ingest.spool", reconnect="lan", drain_s=drain_s
    )
    return Ingest(client, topic="n/#", into=into, qos=qos, spool=spool)


async def publish(broker: Broker, qos: QoS, numbers: range) -> None:
    async with Client(broker.url, client_id="publisher", reconnect="lan") as client:
        await client.publish_many([("n/1", str(number)) for number in numbers], qos=qos)
        await client.flush(WITHIN_S)


async def ended(running: asyncio.Task[IngestLedger], within_s: float = DRAIN_S) -> None:
    """The run does, so soon; with room for a machine that is busy."""
    began = time.monotonic()
    await asyncio.wait({running}, timeout=WITHIN_S)
    assert running.done()
    assert time.monotonic() - began < within_s + 1


@asynccontextmanager
async def at_work(service: Ingest) -> AsyncIterator[asyncio.Task[IngestLedger]]:
    """It runs, and has subscribed."""
    running = asyncio.create_task(service.run())
    try:
        await asyncio.sleep(0)
        await eventually(lambda: service._feed is not None and service._feed._entered, WITHIN_S)
        await service._client.ready()
        yield running
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


@pytest.mark.parametrize("spool", [False, True])
@pytest.mark.parametrize("qos", [1, 2])
async def test_a_frozen_postgresql_is_not_waited_for(
    strict: Broker, postgres: Database, tmp_path: Path, qos: QoS, spool: bool
) -> None:
    """All its processes stand still, with the connections up; when they go on, the next run loses nothing."""
    service = ingest_of(strict, tmp_path, postgres.url, qos=qos, spool=spool)
    async with at_work(service) as running:
        await publish(strict, qos, range(COUNT))
        await eventually(lambda: service.ledger.stored == COUNT, WITHIN_S)
        postgres.server.freeze()
        try:
            for number in range(COUNT, 2 * COUNT):
                strict.publish("n/1", str(number), qos=qos)
            await eventually(lambda: service.ledger.received == 2 * COUNT, WITHIN_S)
            stop = asyncio.create_task(service.stop())
            await ended(running)
            await stop
        finally:
            postgres.server.thaw()
        ledger = await running
    assert (ledger.stored, ledger.spooled, ledger.waiting) == (COUNT, COUNT * spool, COUNT * (not spool))
    assert "did not answer before the stop had to end" in str(service.trouble)
    following = ingest_of(strict, tmp_path, postgres.url, qos=qos, spool=spool)
    async with at_work(following) as running:
        await eventually(lambda: following.ledger.stored == COUNT, WITHIN_S)
        await following.stop()
        await running
    assert postgres.execute(ROWS) == [(str(number).encode(),) for number in range(2 * COUNT)]


@pytest.mark.parametrize("spool", [False, True])
async def test_a_commit_that_happens_behind_the_stop_counts(
    strict: Broker, postgres: Database, tmp_path: Path, spool: bool
) -> None:
    """The server was at it, and ends it when nobody waits any more: the next run finds out, at QoS 2."""
    service = ingest_of(strict, tmp_path, postgres.url, qos=2, spool=spool, drain_s=0.5)
    async with at_work(service) as running:
        await publish(strict, 2, range(1))
        await eventually(lambda: service.ledger.stored == 1, WITHIN_S)
        postgres.execute(SLOW_COMMIT)
        strict.publish("n/1", "slow", qos=2)
        await eventually(lambda: postgres.execute(COMMITTING) == [(1,)], WITHIN_S)
        stop = asyncio.create_task(service.stop())
        await ended(running, 0.5)
        await stop
    assert postgres.execute(ROWS) == [(b"0",)]
    following = ingest_of(strict, tmp_path, postgres.url, qos=2, spool=spool)
    async with at_work(following) as running:
        await publish(strict, 2, range(1, 2))
        await eventually(lambda: (b"1",) in postgres.execute(ROWS), WITHIN_S)
        await following.stop()
        await running
    assert postgres.execute(ROWS) == [(b"0",), (b"slow",), (b"1",)]


async def test_a_postgresql_that_is_frozen_at_the_start_is_not_waited_for(
    strict: Broker, postgres: Database, tmp_path: Path
) -> None:
    """It ends as one that cannot be opened; nothing was taken."""
    service = ingest_of(strict, tmp_path, postgres.url)
    postgres.server.freeze()
    try:
        async with at_work(service) as running:
            stop = asyncio.create_task(service.stop())
            await ended(running)
            await stop
            with pytest.raises(SinkError, match="did not answer before the stop had to end"):
                await running
    finally:
        postgres.server.thaw()


class Mute(Silent):
    """Opens, and answers nothing more."""

    def __init__(self) -> None:
        self.asked = 0

    async def open(self, session: str) -> Memory:
        return Memory()

    async def write(self, batch: Batch) -> Written:
        self.asked += 1
        return await super().write(batch)


@pytest.mark.parametrize("spool", [False, True])
async def test_whoever_stops_the_client_says_how_long_it_may_take(
    strict: Broker, tmp_path: Path, spool: bool
) -> None:
    """The ingest ends with it, though its own stop might have taken longer; one that hangs at the end too."""
    sink = Mute()
    service = ingest_of(strict, tmp_path, sink, spool=spool, drain_s=600)
    async with at_work(service) as running:
        strict.publish("n/1", "x", qos=1)
        await eventually(lambda: sink.asked, WITHIN_S)
        stop = asyncio.create_task(service._client.stop(drain_s=1))
        await ended(running, 1.5)
        await stop
        assert (await running).spooled == spool


async def test_a_client_that_is_stopped_ends_the_opening(strict: Broker, tmp_path: Path) -> None:
    """By whomever it was."""
    service = ingest_of(strict, tmp_path, Silent(), drain_s=600)
    async with at_work(service) as running:
        stop = asyncio.create_task(service._client.stop(drain_s=1))
        await ended(running, 1.5)
        await stop
        with pytest.raises(SinkError, match="did not answer"):
            await running


async def test_with_no_time_at_all_it_ends_at_once(strict: Broker, tmp_path: Path) -> None:
    """The sink gets a moment to let go."""
    sink = Mute()
    service = ingest_of(strict, tmp_path, sink, drain_s=0)
    async with at_work(service) as running:
        strict.publish("n/1", "x", qos=1)
        await eventually(lambda: sink.asked, WITHIN_S)
        stop = asyncio.create_task(service.stop())
        await ended(running, 0.5)
        await stop
