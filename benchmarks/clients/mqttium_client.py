"""mqttium: MQTT 5, its windows opened as for the others, bulk by its `publish_many`.

Its plain callback costs it least: that is the row `mqttium`. `--async-handler` is its message iterator with
`ack()` after each message, which is what acknowledging after an async handler means there.

With `--file` its messages are in its SQLite store when publish() returns. The store sets synchronous NORMAL:
what is in it survives a kill, not a power cut.
"""

from __future__ import annotations

import asyncio
import ssl

from mqttium import MQTTProtocolVersion
from mqttium.api import AsyncClient, PublishMessage
from mqttium.persistence import SqliteInflightStore
from mqttium.types import Message

from benchmarks.cases import AWAITED_AT_ONCE
from benchmarks.clients.common import Job, Meter, read_job
from benchmarks.clients.runner import Runner, Took


class Mqttium(Runner):
    queued_by = "in its store of unfinished exchanges, in memory"

    def __init__(self, job: Job, meter: Meter, client: AsyncClient) -> None:
        super().__init__(job, meter)
        self._client = client
        iterator = "messages() with ack() after each one"
        callback = "on_message is a plain function, acknowledged after it"
        self.received_by = iterator if job.async_handler else callback

    async def durable(self) -> None:
        await (self._publish_stored() if self.job.file else self.publish())

    async def _publish_stored(self) -> None:
        """Acceptance is awaited; of the last message its acknowledgement, which comes last."""
        client, job = self._client, self.job
        message = PublishMessage(job.topic, job.payload, qos=job.case.qos)
        left, receipts = iter(job.grouped(job.case.group or 1)), []

        async def worker() -> None:
            for count in left:
                if job.case.group:
                    receipts.append(await client.publish_many(message for _ in range(count)))
                else:
                    receipts.append(await client.publish(job.topic, job.payload, qos=job.case.qos))

        self.meter.start()
        await asyncio.gather(*(worker() for _ in range(job.case.publishers)))
        for receipt in receipts:
            await receipt.wait()
        what = f"publish_many() of {job.case.group}" if job.case.group else "publish() of every message"
        self.meter.stop(job.messages, f"{job.case.publishers} tasks, each awaits {what}; then each wait()")

    async def publish(self) -> None:
        await (self._publish_awaited() if self.job.case.awaited else self._publish_bulk())

    async def _publish_bulk(self) -> None:
        client, topic, payload, qos = self._client, self.job.topic, self.job.payload, self.job.case.qos
        message = PublishMessage(topic, payload, qos=qos)
        self.meter.start()
        batch = await client.publish_many(message for _ in range(self.job.messages))
        await batch.wait()
        if qos == 0:
            await (await client.publish(topic, payload, qos=1)).wait()
        self.meter.stop(batch.submitted, "publish_many of all of them, wait() of its receipt")

    async def _publish_awaited(self) -> None:
        client, topic, payload, qos = self._client, self.job.topic, self.job.payload, self.job.case.qos
        left = iter(range(self.job.messages))
        delivered = 0

        async def worker() -> None:
            nonlocal delivered
            for _ in left:
                receipt = await client.publish(topic, payload, qos=qos)
                await receipt.wait()
                delivered += 1

        self.meter.start()
        await asyncio.gather(*(worker() for _ in range(AWAITED_AT_ONCE)))
        how = f"{AWAITED_AT_ONCE} tasks, each awaits publish() and wait() of every message"
        self.meter.stop(delivered, how)

    def listen(self, took: Took) -> None:
        """The callback was set before the connection: its routes are fixed from there on."""
        self.took = took
        if self.job.async_handler:
            self._consumer = asyncio.create_task(self._consume())

    async def _consume(self) -> None:
        client, took = self._client, self.took
        async for message in client.messages():
            took(message.payload)
            await client.ack(message)

    def on_message(self, message: Message) -> None:
        self.took(message.payload)

    async def subscribe(self, filters: list[str]) -> None:
        await self._client.subscribe(filters, qos=self.job.case.qos)

    async def send(self, topic: str, payload: bytes) -> None:
        await self._client.publish(topic, payload, qos=1)

    async def queue(self) -> None:
        for _ in range(self.job.messages):
            await self._client.publish(self.job.topic, self.job.payload, qos=1)


def connection(job: Job) -> AsyncClient:
    return AsyncClient(
        "bench",
        protocol=MQTTProtocolVersion.MQTTv5,
        max_inbound_inflight=60_000 if job.fed else 1000,
        max_unacknowledged_messages=60_000,
        max_unacknowledged_bytes=None,
        max_write_queue_messages=60_000,
        max_write_queue_bytes=64 << 20,
        store=SqliteInflightStore(f"{job.folder}/mqttium.db") if job.file else None,
        message_delivery="iterator" if job.async_handler else "callback",
        manual_ack=job.async_handler,
    )


async def connect(client: AsyncClient, job: Job) -> None:
    if job.case.server == "websocket":
        await client.connect_ws(f"ws://127.0.0.1:{job.port}/mqtt")
    else:
        trusted = ssl.create_default_context(cafile=job.ca_file) if job.ca_file else None
        await client.connect("127.0.0.1", job.port, ssl=trusted)


async def main() -> None:
    job = read_job()
    meter = Meter(job)
    client = connection(job)
    runner = Mqttium(job, meter, client)
    if not job.async_handler:
        client.on_message = runner.on_message
    await connect(client, job)
    await runner.run()
    if job.case.kind != "queued":
        await client.disconnect()


asyncio.run(main())
