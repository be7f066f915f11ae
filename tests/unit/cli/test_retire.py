"""``--retire``: the end of a subscription and its session, against our own strict broker.

Where that cannot be ended is in test_retire_kept.py.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from holdfast import Client, Limits
from holdfast.cli import retire
from holdfast.cli.link import LinkOptions
from holdfast.cli.retire import end_session, read_to_the_end
from holdfast.client.events import Connected
from holdfast.ingest import Ingest, SqliteSink, Together
from holdfast.ingest.sink import Batch, Written
from holdfast.messages import QoS
from holdfast.outbox.intake import Held
from holdfast.testing import Broker, eventually


@pytest.fixture
def broker(monkeypatch: pytest.MonkeyPatch) -> Iterator[Broker]:
    """Strict, on loopback: silence need not be long."""
    monkeypatch.setattr(retire, "QUIET_S", 0.1)
    with Broker(strict=True) as running:
        yield running
        assert running.violations == []


def client(broker: Broker) -> Client:
    """One message at a time: what waits comes as a trickle."""
    limits = Limits(receive_maximum=1)
    return Client(
        broker.url, client_id="w-1", session_expiry_s=3600, reconnect="lan", drain_s=1, limits=limits
    )


def together(ours: Client, folder: Path, share: str | None) -> Together:
    return Together([Ingest(ours, topic="n/{n}", into=str(folder / "x.db"), share=share, batch=7)])


async def left_behind(broker: Broker, filter: str, share: str | None, messages: int, qos: QoS = 1) -> None:
    """A session of w-1 with a subscription, for which messages wait."""
    leaving = client(broker)
    async with leaving:
        subscription = leaving.subscribe(filter, share=share, qos=qos)
        await subscription.__aenter__()
        await leaving.ready(5)
    for number in range(messages):
        broker.publish(f"n/{number}", str(number), qos=qos)


@pytest.mark.parametrize("share", [None, "g"])
async def test_what_the_session_holds_is_read_and_nothing_new_comes(
    broker: Broker, tmp_path: Path, share: str | None
) -> None:
    """However long it takes; then the service ends by itself, and the broker has no subscription."""
    await left_behind(broker, "n/+", share, 40)
    ours = client(broker)
    service = together(ours, tmp_path, share)
    reading = asyncio.create_task(read_to_the_end(ours, service))
    ledger = await asyncio.wait_for(service.run(), 10)
    await reading
    assert (ledger.received, ledger.stored, ledger.waiting) == (40, 40, 0)
    with closing(sqlite3.connect(tmp_path / "x.db")) as db:
        assert db.execute("SELECT count(DISTINCT payload) FROM messages").fetchone() == (40,)
    assert await end_session(LinkOptions(url=broker.url), ours, asyncio.Event()) is None
    broker.publish("n/1", "for nobody")
    async with client(broker) as again:
        events = again.events()
        await again.ready(5)
        connected = await anext(event async for event in events if isinstance(event, Connected))
        assert not connected.session_present
        assert again.snapshot().received == 0


async def test_what_waits_here_is_no_silence(broker: Broker, tmp_path: Path) -> None:
    """While the database lets nobody in nothing more comes, as nothing is acknowledged: it goes on."""
    await left_behind(broker, "n/+", "g", 3)
    ours = client(broker)
    service = together(ours, tmp_path, "g")
    with closing(sqlite3.connect(tmp_path / "x.db", isolation_level=None)) as other:
        other.execute("PRAGMA journal_mode=WAL")
        other.execute("BEGIN IMMEDIATE")
        reading = asyncio.create_task(read_to_the_end(ours, service))
        running = asyncio.create_task(service.run())
        await eventually(lambda: ours.snapshot().received == 1)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.shield(running), 5 * retire.QUIET_S)
        other.execute("ROLLBACK")
    ledger = await asyncio.wait_for(running, 10)
    await reading
    assert (ledger.received, ledger.stored) == (3, 3)


class Shut(SqliteSink):
    """A database that lets nobody in after the first row, until it is told to."""

    def __init__(self, path: Path) -> None:
        super().__init__(str(path))
        self.lets_in = asyncio.Event()
        self._full = False

    async def write(self, batch: Batch) -> Written:
        if self._full:
            await self.lets_in.wait()
        self._full = bool(batch.rows)
        return await super().write(batch)


async def test_a_broker_that_waits_for_us_is_not_empty(broker: Broker, tmp_path: Path) -> None:
    """At QoS 2 its window is full of what was stored and not yet released: it is silent, and has more."""
    await left_behind(broker, "n/+", None, 3, qos=2)
    ours = Client(
        broker.url, client_id="w-1", reconnect="lan", outbox=tmp_path / "o.db",
        limits=Limits(receive_maximum=1),
    )  # fmt: skip
    sink = Shut(tmp_path / "x.db")
    service = Together([Ingest(ours, topic="n/+", into=sink, qos=2, spool=False)])
    reading = asyncio.create_task(read_to_the_end(ours, service))
    running = asyncio.create_task(service.run())
    await eventually(lambda: service.releasing)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(asyncio.shield(running), 5 * retire.QUIET_S)
    sink.lets_in.set()
    ledger = await asyncio.wait_for(running, 10)
    await reading
    assert (ledger.received, ledger.stored) == (3, 3)


async def test_what_an_earlier_process_spooled_is_stored_first(broker: Broker, tmp_path: Path) -> None:
    """Also while the database is not even open: what is behind it in the file would go with the file."""
    limits = Limits(receive_maximum=10)

    def one() -> tuple[Client, Together]:
        ours = Client(broker.url, client_id="w-1", reconnect="lan", limits=limits, outbox=tmp_path / "w-1.db")
        return ours, together(ours, tmp_path, "g")

    with closing(sqlite3.connect(tmp_path / "x.db", isolation_level=None)) as other:
        other.execute("PRAGMA journal_mode=WAL")
        ours, service = one()
        running = asyncio.create_task(service.run())
        await eventually(lambda: ours.status == "connected")
        await ours.ready(5)
        broker.publish("n/0", "0")
        await eventually(lambda: service.ledger.stored == 1)
        other.execute("BEGIN IMMEDIATE")
        broker.publish("n/1", "1")
        await eventually(lambda: service.ledger.spooled == 1)
        await service.stop()
        assert (await asyncio.wait_for(running, 10)).spooled == 1
        ours, service = one()
        reading = asyncio.create_task(read_to_the_end(ours, service))
        running = asyncio.create_task(service.run())
        await eventually(lambda: ours.status == "connected")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.shield(running), 5 * retire.QUIET_S)
        other.execute("ROLLBACK")
    ledger = await asyncio.wait_for(running, 10)
    await reading
    assert (ledger.received, ledger.stored, ledger.spooled) == (1, 1, 0)


async def test_what_is_for_somebody_else_is_not_waited_for(broker: Broker, tmp_path: Path) -> None:
    """A table was renamed: what is spooled for the old one stays, and so does the session, with a word."""
    await left_behind(broker, "n/+", None, 3)
    file = tmp_path / "o.db"
    async with Client(broker.url, client_id="w-1", outbox=file, reconnect="lan", drain_s=1) as before:
        assert before._outbox.intake is not None
        await before.ready(5)
        before._outbox.intake.hold([Held(0, "ingest renamed", "n/1", b"x")])
    ours = Client(broker.url, client_id="w-1", outbox=file, reconnect="lan", drain_s=1)
    service = together(ours, tmp_path, None)
    reading = asyncio.create_task(read_to_the_end(ours, service))
    ledger = await asyncio.wait_for(service.run(), 10)
    await reading
    assert (ledger.received, ledger.stored) == (3, 3)
    why = await end_session(LinkOptions(url=broker.url), ours, asyncio.Event())
    assert why is not None
    assert why.startswith("1 messages in the outbox file are for somebody else")


async def test_it_ends_while_messages_go_on(broker: Broker, tmp_path: Path) -> None:
    """What comes after UNSUBSCRIBE is for others; else it would never be quiet."""
    await left_behind(broker, "n/+", "g", 5)
    ours = client(broker)
    service = together(ours, tmp_path, "g")
    reading = asyncio.create_task(read_to_the_end(ours, service))
    running = asyncio.create_task(service.run())
    async with asyncio.timeout(10):
        while not running.done():
            broker.publish("n/1", "new")
            await asyncio.sleep(0.01)
        await reading
    assert service.ledger.received >= 5


async def test_a_session_that_is_not_read_to_the_end_is_kept(broker: Broker) -> None:
    """Asked to stop meanwhile, or with a message that was not acknowledged."""
    await left_behind(broker, "n/+", "g", 1)
    link, stopped, wish = LinkOptions(url=broker.url), client(broker), asyncio.Event()
    wish.set()
    assert "before the session was empty" in str(await end_session(link, stopped, wish))
    async with stopped:
        subscription = stopped.subscribe("n/+", share="g")
        async with subscription as messages:
            assert (await anext(messages)).text() == "0"
            await stopped.stop(0)
    assert "it is kept" in str(await end_session(link, stopped, asyncio.Event()))
