"""Holdfast through its public face, all defaults but the session, which ends with the connection.

Bulk is `publish_many` in groups, each group handed over while the one before it is on its way. Received
messages go to a coroutine function and are acknowledged when it has returned: the library knows no other
way.
"""

from __future__ import annotations

import asyncio

from benchmarks.cases import AWAITED_AT_ONCE
from benchmarks.clients.common import LIMIT_S, Job, Meter, read_job
from holdfast import Client

_GROUP = 500
"""Messages in one publish_many: within the default bounds, QoS 0 included (limits.qos0_outbox is 1,000)."""


async def publish_bulk(client: Client, job: Job, meter: Meter) -> None:
    topic, payload, qos = job.topic, job.payload, job.case.qos
    meter.start()
    before = None
    for first in range(0, job.messages, _GROUP):
        group = [(topic, payload)] * min(_GROUP, job.messages - first)
        receipt = await client.publish_many(group, qos=qos)
        if before:
            await before.acknowledged()
        before = receipt
    if before:
        await before.acknowledged()
    if qos == 0:
        await (await client.publish(topic, payload, qos=1)).acknowledged()
    meter.stop(job.messages, f"publish_many of {_GROUP}, acknowledged() of each group, two groups under way")


async def publish_awaited(client: Client, job: Job, meter: Meter) -> None:
    topic, payload, qos = job.topic, job.payload, job.case.qos
    left = iter(range(job.messages))
    delivered = 0

    async def worker() -> None:
        nonlocal delivered
        for _ in left:
            receipt = await client.publish(topic, payload, qos=qos)
            await receipt.acknowledged()
            delivered += 1

    meter.start()
    await asyncio.gather(*(worker() for _ in range(AWAITED_AT_ONCE)))
    meter.stop(
        delivered, f"{AWAITED_AT_ONCE} tasks, each awaits publish() and acknowledged() of every message"
    )


async def receive(client: Client, job: Job, meter: Meter) -> None:
    done = asyncio.Event()
    count, expected = 0, job.expected

    async def handle(payload: bytes) -> None:
        nonlocal count
        count += 1
        if count == expected:
            done.set()

    meter.start()
    client.on(job.topic, qos=job.case.qos)(handle)
    await done.wait()
    meter.stop(count - 1, "the handler is a coroutine function, acknowledged after it")


async def main() -> None:
    job = read_job()
    meter = Meter(job, "holdfast")
    async with (
        asyncio.timeout(LIMIT_S),
        Client(f"mqtt://127.0.0.1:{job.port}", client_id="bench", session_expiry_s=0) as client,
    ):
        await client.ready()
        if job.case.direction == "receive":
            await receive(client, job, meter)
        elif job.case.awaited:
            await publish_awaited(client, job, meter)
        else:
            await publish_bulk(client, job, meter)


asyncio.run(main())
