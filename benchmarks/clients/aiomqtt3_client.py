"""aiomqtt 3.0 alpha, on a codec in Rust: MQTT 5, `messages()` and an acknowledgement by hand.

Its publish() waits for the acknowledgement, so bulk is a thousand tasks, and awaited a hundred. Messages of
QoS 0 that come while its one consumer is at work are dropped; the count says so.

The socket it makes is one that asyncio does not set TCP_NODELAY on, and it has no option for it: it is set
here from outside, since without it acknowledgements wait for each other (`--as-it-comes` shows that).
"""

from __future__ import annotations

import asyncio
import socket
import ssl

from aiomqtt import Client, PublishPacket, PubRelPacket, QoS

from benchmarks.cases import AWAITED_AT_ONCE
from benchmarks.clients.common import Job, Meter, read_job
from benchmarks.clients.runner import Runner, Took

_BULK_TASKS = 1000


class Aiomqtt3(Runner):
    received_by = "async for over messages(), puback() or pubrec() and pubcomp() after each one"

    def __init__(self, job: Job, meter: Meter, client: Client) -> None:
        super().__init__(job, meter)
        self._client = client
        self._sending: set[asyncio.Task[None]] = set()

    async def publish(self) -> None:
        left = iter(range(self.job.messages))
        delivered = 0

        async def worker() -> None:
            nonlocal delivered
            for _ in left:
                await self._one(self.job.topic, self.job.payload, self.job.case.qos)
                delivered += 1

        tasks = AWAITED_AT_ONCE if self.job.case.awaited else _BULK_TASKS
        self.meter.start()
        await asyncio.gather(*(worker() for _ in range(tasks if self.job.case.qos else 1)))
        if self.job.case.qos == 0:
            await self._one(self.job.topic, self.job.payload, 1)
        self.meter.stop(delivered, f"{tasks} tasks, each awaits publish() of every message")

    async def _one(self, topic: str, payload: bytes, qos: int) -> None:
        client = self._client
        if qos == 0:
            await client.publish(topic, payload)
            return
        packet_id = next(client.packet_ids)
        await client.publish(topic, payload, qos=QoS(qos), packet_id=packet_id)
        if qos == 2:
            await client.pubrel(packet_id)

    def listen(self, took: Took) -> None:
        self._consumer = asyncio.create_task(self._consume(took))

    async def _consume(self, took: Took) -> None:
        client = self._client
        async for message in client.messages():
            if isinstance(message, PubRelPacket):
                await client.pubcomp(message.packet_id)
                continue
            took(message.payload)
            await self._acknowledge(message)

    async def _acknowledge(self, message: PublishPacket) -> None:
        if message.packet_id is None:
            return
        if message.qos == QoS.AT_LEAST_ONCE:
            await self._client.puback(message.packet_id)
        else:
            await self._client.pubrec(message.packet_id)

    async def subscribe(self, filters: list[str]) -> None:
        """One filter in each SUBSCRIBE is what it has."""
        for name in filters:
            await self._client.subscribe(name, max_qos=QoS(self.job.case.qos))

    async def send(self, topic: str, payload: bytes) -> None:
        task = asyncio.create_task(self._one(topic, payload, 1))
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)


async def main() -> None:
    job = read_job()
    meter = Meter(job)
    trusted = ssl.create_default_context(cafile=job.ca_file) if job.ca_file else None
    async with Client(hostname="127.0.0.1", port=job.port, identifier="bench", ssl_context=trusted) as client:
        if not job.as_it_comes:
            client._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        await Aiomqtt3(job, meter, client).run()


asyncio.run(main())
