"""Messages go through: every QoS, every way to publish and to receive, in both versions."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import dataclass

import pytest

from holdfast import Client, Message, Outbox
from holdfast.errors import Stopped
from holdfast.messages import QoS
from holdfast.testing import eventually
from tests.integration.conftest import MakeClient, Version


async def take(client: Client, filter: str, count: int, qos: QoS = 1) -> list[Message]:
    """The next ``count`` messages of a filter."""
    got: list[Message] = []
    async with asyncio.timeout(10), client.subscribe(filter, qos=qos) as messages:
        async for message in messages:
            got.append(message)
            if len(got) == count:
                break
    return got


@pytest.mark.parametrize("qos", [0, 1, 2])
async def test_order_and_count(make: MakeClient, qos: QoS) -> None:
    """300 messages arrive once each and in order at any QoS, and every receipt ends well."""
    async with make() as sender, make() as reader:
        got: list[bytes] = []

        @reader.on("plant/#", qos=qos)
        async def handle(payload: bytes) -> None:
            got.append(payload)

        await reader.ready(5)
        await sender.ready(5)
        receipts = [await sender.publish("plant/a", str(n), qos=qos) for n in range(300)]
        for receipt in receipts:
            await receipt.acknowledged(5)
        await eventually(lambda: len(got) == 300)
        assert got == [str(n).encode() for n in range(300)]
        assert {receipt.state for receipt in receipts} == {"sent" if qos == 0 else "acknowledged"}


async def test_publish_many_is_one_receipt(make: MakeClient) -> None:
    """A group is accepted as a whole; its one receipt ends when the last message has."""
    async with make() as client:
        receipt = await client.publish_many((("many/x", str(n)) for n in range(500)), qos=2)
        await receipt.acknowledged(10)
        assert receipt.state == "acknowledged"
        assert client.snapshot().ledger.acknowledged == 500
        nothing = await client.publish_many([])
        await nothing.acknowledged(0)


@dataclass
class Reading:
    """A payload."""

    value: float
    unit: str


async def test_typed_handlers(make: MakeClient) -> None:
    """Captures and payloads reach the handler in the types it asked for."""
    async with make() as client:
        got: list[object] = []

        @client.on("line/{line}/{sensor:#}")
        async def handle(line: int, sensor: str, reading: Reading, message: Message) -> None:
            got.append((line, sensor, reading, message.qos))

        await client.ready(5)
        await client.publish("line/7/temp/outside", json={"value": 21.5, "unit": "C"})
        await eventually(lambda: got)
        assert got == [(7, "temp/outside", Reading(21.5, "C"), 1)]


async def test_properties_arrive_where_the_version_has_them(make: MakeClient, version: Version) -> None:
    """Content type, user properties and expiry cross in MQTT 5; 3.1.1 goes without, where asked for."""
    async with make(outbox=Outbox(strip_properties=True)) as client:
        await client.ready(5)
        async with client.subscribe("p") as messages:
            await messages.ready(5)
            await client.publish(
                "p", "x", content_type="text/plain", user_properties=[("a", "1"), ("a", "2")], expiry_s=60
            )
            message = await asyncio.wait_for(anext(messages), 5)
        if version == "5":
            assert message.content_type == "text/plain"
            assert message.user_properties == (("a", "1"), ("a", "2"))
            assert message.expiry_s is not None
            assert 0 < message.expiry_s <= 60
        else:
            assert (message.content_type, message.user_properties, message.expiry_s) == (None, (), None)


async def test_before_any_connection(make: MakeClient) -> None:
    """What is published before CONNACK is accepted at once and sent when there is a connection."""
    client = make()
    with pytest.raises(Stopped):
        await client.publish("early", "x")
    async with client:
        receipt = await client.publish("early", "x")
        await client.flush(5)
        assert receipt.state == "acknowledged"


async def test_publish_nowait_from_many_threads(make: MakeClient) -> None:
    """Eight threads publish at once; each thread's messages arrive in its order, none is lost."""
    async with make() as client:
        got: dict[str, list[str]] = {str(n): [] for n in range(8)}

        @client.on("threads/{name}")
        async def handle(name: str, number: str) -> None:
            got[name].append(number)

        await client.ready(5)

        def run(name: str) -> None:
            for number in range(100):
                client.publish_nowait(f"threads/{name}", str(number))

        threads = [threading.Thread(target=run, args=(name,)) for name in got]
        for thread in threads:
            thread.start()
        await eventually(lambda: sum(map(len, got.values())) == 800, 10)
        for thread in threads:
            thread.join()
        assert all(numbers == [str(n) for n in range(100)] for numbers in got.values())
        await client.flush(5)
