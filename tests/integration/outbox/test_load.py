"""Many messages through an outbox file: from threads, in bursts, past a kill (C01, C02, C13, C16)."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from random import Random
from threading import Thread
from typing import Any

import pytest

from holdfast import Client, QoS
from holdfast.outbox.store import Group, Store
from holdfast.testing import Broker, eventually
from tests.support.publisher import Publisher
from tests.support.publishing import serial

THREADS, EACH = 16, 1000


def payloads(broker: Broker, filter: str = "#") -> list[str]:
    """What arrived, in the order it came."""
    return [message.payload.decode() for message in broker.messages(filter)]


async def test_from_sixteen_threads(broker: Broker, tmp_path: Path) -> None:
    """C01: 16,000 arrive once, each thread's in its order, and every receipt says so."""
    async with Client(broker.url, outbox=tmp_path / "outbox.db") as client:
        receipts = []

        def publish(thread: int) -> None:
            for number in range(EACH):
                receipts.append(client.publish_nowait(f"t/{thread}", str(number)))

        threads = [Thread(target=publish, args=(number,)) for number in range(THREADS)]
        for one in threads:
            one.start()
        for one in threads:
            await asyncio.to_thread(one.join)
        for receipt in receipts:
            await receipt.accepted(20)
        await client.flush(20)
    assert {receipt.state for receipt in receipts} == {"acknowledged"}
    assert sorted(receipt.id for receipt in receipts) == list(range(1, THREADS * EACH + 1))
    for thread in range(THREADS):
        assert payloads(broker, f"t/{thread}") == [str(number) for number in range(EACH)]


@pytest.mark.parametrize("qos", [0, 1, 2])
async def test_a_burst_of_a_thousand(broker: Broker, tmp_path: Path, qos: QoS) -> None:
    """C16: all arrive, in order, as fast as they can be published."""
    async with Client(broker.url, outbox=tmp_path / "outbox.db") as client:
        await client.ready(5)
        await asyncio.gather(*(client.publish("burst", str(number), qos=qos) for number in range(1000)))
        await client.flush(10)
        await eventually(lambda: payloads(broker) == [str(number) for number in range(1000)])


@pytest.mark.parametrize(
    ("group", "slow_s"), [(10, 0), (1, 0.005)], ids=["in tens", "one by one on a slow disk"]
)
async def test_few_commits_for_many_messages(
    broker: Broker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, group: int, slow_s: float
) -> None:
    """C13: at 1,000 a second at least five messages share a commit; none waits for others to join it."""
    commit = Store.commit

    def slow(store: Store, work: Group) -> None:
        time.sleep(slow_s)
        commit(store, work)

    monkeypatch.setattr(Store, "commit", slow)
    async with Client(broker.url, outbox=tmp_path / "outbox.db") as client:
        await client.ready(5)
        loop, count = asyncio.get_running_loop(), 0
        before, began = client._outbox.durable, loop.time()
        while count < 1500:
            for _ in range(group):
                client.publish_nowait("a", str(count))
                count += 1
            await asyncio.sleep(max(0, began + count / 1000 - loop.time()))
        await client.flush(5)
        commits = client._outbox.durable - before
    assert payloads(broker) == [str(number) for number in range(count)]
    assert count / commits >= 5


@pytest.mark.parametrize("qos", [1, 2])
async def test_killed_during_ten_thousand(broker: Broker, tmp_path: Path, qos: QoS) -> None:
    """C02: kill -9 in the midst of them; each that was told accepted arrives, at QoS 2 exactly once."""
    reach: dict[str, Any] = {"client_id": "publisher", "reconnect": "lan"}
    publisher = Publisher(tmp_path, broker.url, qos, Random(2), **reach)
    await publisher.live_and_die(10_000, ("2000", 0.3))
    books = await publisher.finish(10_000 - max(publisher.told))
    assert books["accepted"] == books["acknowledged"] >= 10_000
    messages = broker.messages()
    first = dict.fromkeys(message.payload.decode() for message in messages)
    assert list(first) == [serial(number) for number in range(books["accepted"])]
    afresh = [message.payload for message in messages if qos == 2 or not message.duplicate]
    assert len(afresh) == len(set(afresh))
