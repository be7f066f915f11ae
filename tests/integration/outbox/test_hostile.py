"""A client with a file in a hostile system: a process that forks, a disk that is full (contract 12, 26)."""

from __future__ import annotations

import asyncio
import gc
import os
from collections.abc import Awaitable, Callable
from itertools import count
from pathlib import Path

import pytest

from holdfast import Client, Receipt
from holdfast.client.events import OutboxFailed, OutboxWorks
from holdfast.errors import HoldfastError, OutboxError, OutboxUnwritable, Stopped
from holdfast.testing import Broker, Proxy, eventually
from tests.support.disks import fill_up, small_disk

# -- a fork ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "error"), [("outbox.db", OutboxError), (None, Stopped)])
async def test_a_child_may_not_use_its_parent_s_client(
    broker: Broker, tmp_path: Path, name: str | None, error: type[HoldfastError]
) -> None:
    """Contract 26: whatever it calls raises at once, and says why; the parent does not notice."""
    client = Client(broker.url, client_id="parent", outbox=tmp_path / name if name else None)
    async with client:
        await client.ready(5)
        receipt = await client.publish("a", "0")
        child = os.fork()
        if not child:
            in_child(client, receipt, error)
        for number in range(1, 500):
            await client.publish("a", str(number))
        _, status = await asyncio.to_thread(os.waitpid, child, 0)
        assert os.waitstatus_to_exitcode(status) == 0
        await client.flush(5)
        await receipt.acknowledged(5)
    assert [message.payload for message in broker.messages()] == [b"%d" % n for n in range(500)]
    assert broker.connects == 1


def in_child(client: Client, receipt: Receipt, error: type[HoldfastError]) -> None:
    """Exits with 0 when every call raised what it should, and with what it drops."""
    code = 1
    try:
        asyncio.run(use(client, receipt, error))
        del client, receipt
        gc.collect()
        code = 0
    finally:
        os._exit(code)


async def use(client: Client, receipt: Receipt, error: type[HoldfastError]) -> None:
    calls: list[Callable[[], Awaitable[object]]] = [
        lambda: client.publish("a", "child"),
        lambda: client.publish_many([("a", "child")]),
        client.start,
        client.flush,
        client.ready,
        lambda: client.unsubscribe("a"),
        client.subscribe("a").__aenter__,
    ]
    async with asyncio.timeout(5):
        for call in calls:
            with pytest.raises(error, match=f"its child {os.getpid()}"):
                await call()
        with pytest.raises(error, match="its child"):
            client.publish_nowait("a", "child")
        with pytest.raises(error, match="its child"):
            client.redial()
        with pytest.raises(Stopped):
            await receipt.acknowledged()
        await client.stop()


# -- a full disk -----------------------------------------------------------------------------


async def publish_for_ever(client: Client) -> None:
    """As fast as it goes, twenty at a time."""
    for first in count(0, 20):
        numbers = range(first, first + 20)
        await asyncio.gather(*(client.publish("a", b"%06d" % n + bytes(500)) for n in numbers))


async def test_a_full_disk_drains_and_goes_on(broker: Broker, tmp_path: Path) -> None:
    """Contract 12: published until it is full, without a broker; with one everything leaves, while others
    keep the disk full; with room again it accepts. All of it is told."""
    with small_disk(tmp_path) as disk, Proxy(broker.url) as proxy:
        proxy.refuse()
        async with Client(proxy.url, outbox=disk / "outbox.db", reconnect="lan") as client:
            events = client.events()
            with pytest.raises(OutboxUnwritable, match="full") as refused:
                await publish_for_ever(client)
            assert "make room" in (refused.value.hint or "")
            assert client.snapshot().outbox_error == str(refused.value)
            accepted = client.snapshot().ledger.accepted
            fill_up(disk / "theirs")
            proxy.heal()
            await client.flush(20)
            with pytest.raises(OutboxUnwritable):
                client.publish_nowait("a", "refused")
            (disk / "theirs").unlink()
            await eventually(lambda: client.snapshot().outbox_error is None)
            await (await client.publish("a", "last")).acknowledged(5)
            ledger = client.snapshot().ledger
        told = [type(event) async for event in events]
    assert ledger.accepted == ledger.acknowledged == accepted + 1
    arrived = [message.payload[:6] for message in broker.messages()]
    assert arrived == [*(b"%06d" % number for number in range(accepted)), b"last"]
    assert told.count(OutboxFailed) == told.count(OutboxWorks) == 1
    assert accepted > 1000


async def test_started_on_a_full_disk_it_drains(broker: Broker, tmp_path: Path) -> None:
    """Without room for the reserve it says so from the start, accepts nothing, and sends what is there."""
    with small_disk(tmp_path) as disk, Proxy(broker.url) as proxy:
        proxy.refuse()
        client = Client(proxy.url, outbox=disk / "outbox.db", reconnect="lan", drain_s=0)
        async with client:
            for number in range(100):
                await client.publish("a", str(number))
        (disk / "outbox.db.reserve").unlink()
        fill_up(disk / "theirs")
        os.truncate(disk / "theirs", (disk / "theirs").stat().st_size - (1 << 19))
        async with client:
            assert "full" in (client.snapshot().outbox_error or "")
            with pytest.raises(OutboxUnwritable):
                await client.publish("a", "refused")
            proxy.heal()
            await client.flush(10)
        (disk / "theirs").unlink()
        async with client:
            assert client.snapshot().outbox_error is None
            await client.publish("a", "last")
            await client.flush(5)
    assert [message.payload for message in broker.messages()] == [
        *(b"%d" % number for number in range(100)),
        b"last",
    ]
