"""The client around its outbox file: waiting for commits, stopping, starting again."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from holdfast import Client, Outbox
from holdfast.errors import (
    OutboxFull,
    OutboxLocked,
    OutboxUnwritable,
    Timeout,
    Undelivered,
)
from holdfast.testing import Broker, Proxy, eventually

NOBODY = "mqtt://127.0.0.1:1"
LATE_S = 0.3
"""What a loaded machine may add."""


@contextmanager
def held(path: Path) -> Iterator[None]:
    """Another program has the write lock of this database: commits wait."""
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("BEGIN IMMEDIATE")
        yield
        db.execute("ROLLBACK")


# -- accepting -------------------------------------------------------------------------------


async def test_a_receipt_goes_from_state_to_state(broker: Broker, path: Path) -> None:
    """submitted until the commit, pending until PUBACK: accepted() and acknowledged() wait for these."""
    states: list[str] = []
    broker.hold("PUBACK")
    async with Client(broker.url, outbox=path) as client:
        await client.ready(5)
        with held(path):
            receipt = client.publish_nowait("a", "b")
            with pytest.raises(Timeout, match="not committed"):
                await receipt.accepted(0.05)
            states.append(receipt.state)
            assert broker.messages() == []
        await receipt.accepted(5)
        states.append(receipt.state)
        with pytest.raises(Timeout):
            await receipt.acknowledged(0.05)
        broker.release()
        await receipt.acknowledged(5)
        states.append(receipt.state)
    assert states == ["submitted", "pending", "acknowledged"]


@pytest.mark.parametrize("many", [False, True])
async def test_cancelled_after_it_was_handed_over(broker: Broker, path: Path, many: bool) -> None:
    """Contract 11: then it is as the receipt says, which the CancelledError carries."""
    async with Client(broker.url, outbox=path) as client:
        with held(path):
            call = client.publish_many([("a", "b")]) if many else client.publish("a", "b")
            publishing = asyncio.create_task(call)
            await asyncio.sleep(0)
            publishing.cancel()
            with pytest.raises(asyncio.CancelledError) as cancelled:
                await publishing
            receipt = cancelled.value.receipt  # type: ignore[attr-defined]
            assert receipt.state == "submitted"
        await receipt.acknowledged(5)
    assert len(broker.messages()) == 1


async def test_published_from_another_loop_it_waits_for_the_commit(broker: Broker, path: Path) -> None:
    """publish() returns there when the message is committed, as it does here."""
    async with Client(broker.url, outbox=path) as client:
        with held(path):
            publishing = asyncio.create_task(asyncio.to_thread(asyncio.run, client.publish("a", "b")))
            await eventually(lambda: client.snapshot().ledger.pending == 1)
            assert not publishing.done()
        receipt = await publishing
        assert receipt.state != "submitted"
        await receipt.acknowledged(5)


# -- stopping, and starting again ------------------------------------------------------------


async def test_what_is_in_the_file_waits_for_the_next_start(broker: Broker, path: Path) -> None:
    """stop() raises nothing for it; the next client sends it, in order."""
    with Proxy(broker.url) as proxy:
        proxy.refuse()
        async with Client(proxy.url, outbox=path, drain_s=0.1) as client:
            for number in range(100):
                await client.publish("a", str(number))
        assert client.snapshot().ledger.pending == 100
        proxy.heal()
        async with Client(proxy.url, outbox=path) as client:
            await client.flush(5)
            assert client.snapshot().ledger.acknowledged == 100
    assert [message.payload for message in broker.messages()] == [b"%d" % n for n in range(100)]


async def test_volatile_messages_are_not_kept_in_silence(path: Path) -> None:
    """QoS 0 is in memory, unless it is asked for: pending at the end it is Undelivered."""
    client = Client(NOBODY, outbox=path, drain_s=0)
    await client.start()
    await client.publish("a", "kept")
    await client.publish("a", "volatile", qos=0)
    with pytest.raises(Undelivered) as undelivered:
        await client.stop()
    assert undelivered.value.pending == 1
    async with Client(NOBODY, outbox=Outbox(path, keep_qos0=True), drain_s=0) as client:
        await client.publish("a", "kept", qos=0)
    assert client.snapshot().ledger.pending == 2


@pytest.mark.parametrize("drain_s", [0, 0.5])
@pytest.mark.parametrize("connected", [False, True])
async def test_a_disk_that_hangs_does_not_hold_stop_up(
    broker: Broker, path: Path, drain_s: float, connected: bool
) -> None:
    """Contract 24: it ends in its time and half a second, and says that the last was not accepted."""
    client = Client(broker.url if connected else NOBODY, outbox=path, drain_s=drain_s)
    await client.start()
    if connected:
        await client.ready(5)
    broker.hold("PUBACK")
    kept = await client.publish("a", "kept")
    with held(path):
        receipt = client.publish_nowait("a", "b")
        publishing = asyncio.create_task(client.publish("a", "c"))
        await asyncio.sleep(0)
        began = time.monotonic()
        with pytest.raises(OutboxUnwritable, match="was not accepted"):
            await client.stop()
        assert time.monotonic() - began < drain_s + 0.5 + LATE_S
        for waiting in (publishing, receipt.accepted(5)):
            with pytest.raises(OutboxUnwritable, match="was not accepted"):
                await waiting
        with pytest.raises(OutboxLocked, match="this one"):
            await client.start()
    broker.release()
    await start_when_free(client)
    if connected:
        await eventually(lambda: kept.state == "acknowledged")
    await client.stop(5)
    assert client.snapshot().ledger.accepted in (1, 3)
    assert receipt.state != "pending"


async def start_when_free(client: Client) -> None:
    """As soon as the writer of the run before has let go of the file."""
    async with asyncio.timeout(5):
        while True:
            try:
                return await client.start()
            except OutboxLocked:
                await asyncio.sleep(0.01)


@pytest.mark.parametrize("kept", [True, False], ids=["file", "memory"])
async def test_a_handler_does_not_wait_for_room(broker: Broker, path: Path, kept: bool) -> None:
    """Contract 11: inside one there is a tenth more than the budget, then OutboxFull at once."""
    outcome: list[object] = []
    outbox = Outbox(path if kept else None, max_messages=20)
    client = Client(broker.url, client_id="full", outbox=outbox, drain_s=0)

    @client.on("go")
    async def go() -> None:
        began = time.monotonic()
        try:
            while True:
                await client.publish("a", "more")
                outcome.append("accepted")
        except OutboxFull as error:
            outcome.append(error.limit)
        outcome.append(time.monotonic() - began < 2)

    await client.start()
    await client.ready(5)
    broker.hold("PUBACK")
    for number in range(20):
        await client.publish("a", str(number))
    with pytest.raises(OutboxFull):
        await client.publish("a", "outside", timeout_s=0.05)
    broker.publish("go", "now")
    await eventually(lambda: len(outcome) == 4)
    assert outcome == ["accepted", "accepted", 20, True]
    broker.release()
    await client.flush(5)
    await client.stop()
