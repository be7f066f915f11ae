"""Receipts over a restart of their client: their rows are read from the file anew."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from holdfast import Client, QoS, Receipt
from holdfast.errors import Stopped
from holdfast.messages import Priority
from holdfast.testing import Broker, Proxy, eventually


async def test_receipts_outlive_a_stop(broker: Broker, path: Path) -> None:
    """The same client, started again: a receipt somebody kept is told, one by one and as a group."""
    with Proxy(broker.url) as proxy:
        proxy.refuse()
        client = Client(proxy.url, outbox=path, reconnect="lan", drain_s=0)
        async with client:
            receipts = [await client.publish("a", str(number)) for number in range(10)]
            receipts.append(await client.publish_many(("a", str(number)) for number in range(10, 5000)))
        with pytest.raises(Stopped):
            await receipts[0].acknowledged()
        proxy.heal()
        async with client:
            for receipt in receipts:
                await receipt.acknowledged(20)
    assert [message.payload for message in broker.messages()] == [b"%d" % n for n in range(5000)]


async def test_receipts_of_every_kind_outlive_a_stop(broker: Broker, path: Path) -> None:
    """Classes, QoS and groups among each other, some dropped; in flight at the stop, or waiting."""
    client = Client(broker.url, outbox=path, reconnect="lan", drain_s=0)
    classes: tuple[Priority, ...] = ("low", "normal", "high")
    kinds: tuple[QoS, ...] = (1, 2)
    broker.hold("PUBACK")
    broker.hold("PUBREC")
    held: list[Receipt] = []
    async with client:
        for number in range(400):
            priority, qos = classes[number % 3], kinds[number // 3 % 2]
            held.append(client.publish_nowait("a", f"{number}", qos=qos, priority=priority))
            if number % 10 == 0:
                group = [("b", f"{number}.{part}") for part in range(1 + number % 7)]
                held.append(await client.publish_many(group, priority=priority))
        await held[-1].accepted(5)
        del held[100:300:3]
        await eventually(lambda: len(broker.messages()) > 0)
    assert {receipt.state for receipt in held} == {"pending"}
    broker.release()
    async with client:
        await asyncio.gather(*(receipt.acknowledged(20) for receipt in held))
        await client.flush(20)
    assert {receipt.state for receipt in held} == {"acknowledged"}
    assert client.snapshot().ledger.acknowledged == client.snapshot().ledger.accepted
