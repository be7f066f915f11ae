"""A database that is away for a while, on a broker's default limits: nothing is lost (contract 17)."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from holdfast import Client, Outbox, QoS
from holdfast.ingest import Ingest
from holdfast.ingest.errors import SpoolFull
from holdfast.outbox.intake import Held
from holdfast.testing import Broker, eventually
from tests.support.command import Running
from tests.support.mosquitto import Mosquitto

WITHIN_S = 60

COUNT = 3000
"""Three times what mosquitto keeps by default for somebody who does not acknowledge (X2)."""


@contextmanager
def locked(database: Path) -> Iterator[None]:
    """Another program holds it."""
    with closing(sqlite3.connect(database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield


def rows(database: Path) -> list[int]:
    with closing(sqlite3.connect(database)) as db:
        return [int(payload) for (payload,) in db.execute("SELECT payload FROM messages ORDER BY id")]


def ingest_of(url: str, folder: Path, qos: QoS, **options: object) -> Ingest:
    client = Client(url, client_id="ingest", outbox=folder / "ingest.spool", reconnect="lan")
    return Ingest(client, topic="n/#", into=str(folder / "rows.db"), qos=qos, **options)  # type: ignore[arg-type]


async def publish(url: str, qos: QoS, numbers: range, retain: bool = False) -> None:
    """Some hundred a second: a burst of thousands is more than the broker has room for, whoever reads it."""
    async with Client(url, client_id="publisher", reconnect="lan") as client:
        for first in range(numbers.start, numbers.stop, 50):
            some = range(first, min(first + 50, numbers.stop))
            await client.publish_many([("n/1", str(number)) for number in some], qos=qos, retain=retain)
            await client.flush(WITHIN_S)
            await asyncio.sleep(0.05)


async def away(broker: Mosquitto, folder: Path, qos: QoS, lasts_s: float, *, spool: bool) -> list[int]:
    """The rows, after a database that was away for so long while messages came."""
    ingest, database = ingest_of(broker.url, folder, qos, spool=spool), folder / "rows.db"
    await publish(broker.url, qos, range(1), retain=True)
    run = asyncio.create_task(ingest.run())
    await eventually(lambda: ingest.ledger.stored == 1, WITHIN_S)
    with locked(database):
        loop = asyncio.get_running_loop()
        began = loop.time()
        await publish(broker.url, qos, range(1, COUNT))
        if spool:
            await eventually(lambda: ingest.ledger.spooled == COUNT - 1, WITHIN_S)
        await eventually(lambda: ingest.trouble is not None, WITHIN_S)
        await eventually(lambda: loop.time() - began >= lasts_s, lasts_s + 1)
    await publish(broker.url, qos, range(COUNT, COUNT + 100))
    await eventually(lambda: ingest.ledger.stored == COUNT + 100, WITHIN_S)
    ledger = ingest.ledger
    assert (ledger.waiting, ledger.spooled, ledger.repeated) == (0, 0, 0)
    await ingest.stop()
    await run
    return rows(database)


@pytest.mark.needs("mosquitto")
@pytest.mark.parametrize("qos", [1, 2])
async def test_with_a_spool_on_default_limits(tmp_path: Path, qos: QoS) -> None:
    """Three times as many messages as mosquitto keeps; all are stored, in their order, once."""
    with Mosquitto(tmp_path / "mosquitto") as broker:
        assert await away(broker, tmp_path, qos, 2, spool=True) == list(range(COUNT + 100))


@pytest.mark.needs("mosquitto")
async def test_without_a_spool_on_raised_limits(tmp_path: Path) -> None:
    """The broker keeps them, if it is told to."""
    with Mosquitto(tmp_path / "mosquitto", "max_queued_messages 0") as broker:
        assert await away(broker, tmp_path, 1, 2, spool=False) == list(range(COUNT + 100))


@pytest.mark.chaos
@pytest.mark.needs("mosquitto")
@pytest.mark.parametrize("qos", [1, 2])
async def test_away_for_five_minutes(tmp_path: Path, qos: QoS) -> None:
    """The same, at full length."""
    with Mosquitto(tmp_path / "mosquitto") as broker:
        assert await away(broker, tmp_path, qos, 300, spool=True) == list(range(COUNT + 100))


async def test_a_full_spool_names_the_limit_of_the_broker(tmp_path: Path) -> None:
    """And acknowledges nothing more; what it has, and what the broker keeps, is stored in the end."""
    with Broker(strict=True) as broker:
        client = Client(
            broker.url,
            client_id="ingest",
            outbox=Outbox(tmp_path / "ingest.spool", max_held_bytes=4096),
            reconnect="lan",
        )
        ingest = Ingest(client, topic="n/#", into=str(tmp_path / "rows.db"), batch=5)
        run = asyncio.create_task(ingest.run())
        broker.publish("n/1", "0", qos=1, retain=True)
        await eventually(lambda: ingest.ledger.stored == 1, WITHIN_S)
        with locked(tmp_path / "rows.db"):
            for number in range(1, 100):
                broker.publish("n/1", str(number), qos=1)
            await eventually(lambda: isinstance(ingest.trouble, SpoolFull), WITHIN_S)
            assert "max_queued_messages" in str(getattr(ingest.trouble, "hint", ""))
            assert 0 < ingest.ledger.spooled < 100
        await eventually(lambda: ingest.ledger.stored == 100, WITHIN_S)
        await ingest.stop()
        await run
        assert rows(tmp_path / "rows.db") == list(range(100))
        assert broker.violations == []


@pytest.mark.parametrize("more", [(), ("--json",)])
async def test_the_command_says_what_is_kept_for_a_table_that_is_gone(
    tmp_path: Path, more: tuple[str, ...]
) -> None:
    """Nobody would store it, and nobody else would tell of it."""
    with Broker(strict=True) as broker:
        async with Client(broker.url, client_id="ingest", outbox=tmp_path / "o.db") as client:
            intake = client._outbox.intake
            assert intake is not None
            commit = intake.hold([Held(0, "ingest renamed", "n/1", b"x", key="0  0")])
            await client._running().commits.reached(commit)
        words = ["-u", broker.url, "-t", "n/#", "--into", str(tmp_path / "x.db"), "--client-id", "ingest"]
        outbox = ("--outbox", str(tmp_path / "o.db"))
        with Running(tmp_path, "ingest", *words, *outbox, *more) as running:
            said = (
                f"1 messages are kept in {tmp_path}/o.db for ingest renamed, which is not among the ingests"
            )
            await asyncio.to_thread(running.says, said)
            assert await asyncio.to_thread(running.stop) == 0
        assert said in running.err
        assert broker.violations == []
