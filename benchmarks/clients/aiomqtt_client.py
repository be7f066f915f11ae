"""aiomqtt 2, which is paho underneath: MQTT 5, TCP_NODELAY set, 1,000 messages in flight.

Its publish() waits for the acknowledgement, so both bulk and awaited are tasks. It looks through all pending
calls at each publish and warns of more than ten: twenty tasks cost it least, and the warnings are off.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from typing import Any

from aiomqtt import Client, ProtocolVersion, TLSParameters

from benchmarks.cases import AWAITED_AT_ONCE
from benchmarks.clients.common import Job, Meter, read_job
from benchmarks.clients.runner import Runner, Took

_BULK_TASKS = 20


class Aiomqtt(Runner):
    received_by = "async for over messages; acknowledged before it, when the message enters its queue"

    def __init__(self, job: Job, meter: Meter, client: Client) -> None:
        super().__init__(job, meter)
        self._client = client
        self._sending: set[asyncio.Task[None]] = set()

    async def publish(self) -> None:
        client, topic, payload, qos = self._client, self.job.topic, self.job.payload, self.job.case.qos
        left = iter(range(self.job.messages))
        delivered = 0

        async def worker() -> None:
            nonlocal delivered
            for _ in left:
                await client.publish(topic, payload, qos)
                delivered += 1

        tasks = AWAITED_AT_ONCE if self.job.case.awaited else _BULK_TASKS
        self.meter.start()
        await asyncio.gather(*(worker() for _ in range(tasks)))
        if qos == 0:
            await client.publish(topic, payload, 1)
        self.meter.stop(delivered, f"{tasks} tasks, each awaits publish() of every message")

    def listen(self, took: Took) -> None:
        self._consumer = asyncio.create_task(self._consume(took))

    async def _consume(self, took: Took) -> None:
        async for message in self._client.messages:
            took(message.payload)

    async def subscribe(self, filters: list[str]) -> None:
        await self._client.subscribe([(name, self.job.case.qos) for name in filters])

    async def send(self, topic: str, payload: bytes) -> None:
        task = asyncio.create_task(self._client.publish(topic, payload, 1))
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)


def connection(job: Job) -> Client:
    kept: dict[str, Any] = {"tls_params": TLSParameters(ca_certs=job.ca_file)} if job.ca_file else {}
    if job.case.server == "websocket":
        kept["transport"] = "websockets"
    else:
        kept["socket_options"] = [(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)]
    return Client(
        "127.0.0.1",
        job.port,
        identifier="bench",
        protocol=ProtocolVersion.V5,
        max_inflight_messages=1000,
        **kept,
    )


async def main() -> None:
    logging.getLogger("mqtt").setLevel(logging.ERROR)
    job = read_job()
    meter = Meter(job)
    async with connection(job) as client:
        await Aiomqtt(job, meter, client).run()


asyncio.run(main())
