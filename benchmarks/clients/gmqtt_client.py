"""gmqtt as its README uses it: MQTT 5, all defaults, and its storage passed in, to be asked when it is empty.

It has no way to await one acknowledgement: "awaited" is rounds of messages, each until the storage is
empty. It acknowledges a message before the handler is called (its default), and the handler is a plain
function, which costs it least; `--async-handler` makes it what the other async clients have: a coroutine
function, acknowledged when it has returned.
"""

from __future__ import annotations

import asyncio
from typing import Any

from gmqtt import Client, Subscription
from gmqtt.storage import PersistentStorage

from benchmarks.cases import AWAITED_AT_ONCE
from benchmarks.clients.common import LIMIT_S, Job, Meter, read_job


async def publish(client: Client, stored: PersistentStorage, job: Job, meter: Meter) -> None:
    at_once = AWAITED_AT_ONCE if job.case.awaited else job.messages
    topic, payload, qos = job.topic, job.payload, job.case.qos
    meter.start()
    for first in range(0, job.messages, at_once):
        for _ in range(min(at_once, job.messages - first)):
            client.publish(topic, payload, qos=qos)
        await stored.wait_empty()
    if qos == 0:
        client.publish(topic, payload, qos=1)
        await stored.wait_empty()
    meter.stop(job.messages, f"wait_empty() of its storage after every {at_once} messages")


async def receive(client: Client, job: Job, meter: Meter) -> None:
    done = asyncio.Event()
    count, expected = 0, job.expected

    def took() -> None:
        nonlocal count
        count += 1
        if count == expected:
            done.set()

    def on_message(client: Client, topic: str, payload: bytes, qos: int, properties: dict[str, Any]) -> None:
        took()

    async def on_message_async(
        client: Client, topic: str, payload: bytes, qos: int, properties: dict[str, Any]
    ) -> int:
        took()
        return 0

    client.on_message = on_message_async if job.async_handler else on_message
    meter.start()
    client.subscribe(Subscription(job.topic, qos=job.case.qos))
    await done.wait()
    handler = (
        "a coroutine function, acknowledged after it"
        if job.async_handler
        else "a plain function, acknowledged before it"
    )
    meter.stop(count - 1, f"on_message is {handler}")


async def main() -> None:
    job = read_job()
    name = "gmqtt (async handler)" if job.async_handler else "gmqtt"
    meter = Meter(job, name)
    stored = PersistentStorage()
    client = Client("bench", persistent_storage=stored, optimistic_acknowledgement=not job.async_handler)
    await client.connect("127.0.0.1", job.port)
    async with asyncio.timeout(LIMIT_S):
        if job.case.direction == "publish":
            await publish(client, stored, job, meter)
        else:
            await receive(client, job, meter)
    await client.disconnect()


asyncio.run(main())
