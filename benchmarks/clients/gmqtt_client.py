"""gmqtt as its README uses it: MQTT 5, all defaults, and its storage passed in, to be asked when it is empty.

It has no way to await one acknowledgement: "awaited" is rounds of messages, each until the storage is
empty. It acknowledges a message before the handler is called (its default), and the handler is a plain
function, which costs it least; `--async-handler` makes it what the other async clients have: a coroutine
function, acknowledged when it has returned.
"""

from __future__ import annotations

import asyncio
import ssl
from typing import Any

from gmqtt import Client, Subscription
from gmqtt.storage import PersistentStorage

from benchmarks.clients.common import Job, Meter, read_job
from benchmarks.clients.runner import Runner, Took

_IN_FLIGHT = 400
"""It heeds no receive maximum: mosquitto hangs up on a client with more under way than it has said."""


class Gmqtt(Runner):
    queued_by = "in its storage and in asyncio's write buffer"

    def __init__(self, job: Job, meter: Meter, client: Client, stored: PersistentStorage) -> None:
        super().__init__(job, meter)
        self._client = client
        self._stored = stored
        handler = "a coroutine function, acknowledged after it"
        plain = "a plain function, acknowledged before it"
        self.received_by = f"on_message is {handler if job.async_handler else plain}"

    async def publish(self) -> None:
        client, topic, payload, qos = self._client, self.job.topic, self.job.payload, self.job.case.qos
        groups = self.job.grouped(_IN_FLIGHT) if self.job.fed else self.job.groups
        self.meter.start()
        for count in groups:
            for _ in range(count):
                client.publish(topic, payload, qos=qos)
            await self._stored.wait_empty()
        if qos == 0:
            client.publish(topic, payload, qos=1)
            await self._stored.wait_empty()
        how = f"wait_empty() of its storage after every {groups[0]} messages"
        self.meter.stop(self.job.messages, how)

    def listen(self, took: Took) -> None:
        def on_message(
            _client: Client, _topic: str, payload: bytes, _qos: int, _more: dict[str, Any]
        ) -> None:
            took(payload)

        async def on_message_async(
            _client: Client, _topic: str, payload: bytes, _qos: int, _more: dict[str, Any]
        ) -> int:
            took(payload)
            return 0

        self._client.on_message = on_message_async if self.job.async_handler else on_message

    async def subscribe(self, filters: list[str]) -> None:
        """It does not wait for the SUBACK; the server reads what follows after it."""
        self._client.subscribe([Subscription(name, qos=self.job.case.qos) for name in filters])
        await asyncio.sleep(0)

    async def send(self, topic: str, payload: bytes) -> None:
        self._client.publish(topic, payload, qos=1)

    async def queue(self) -> None:
        for _ in range(self.job.messages):
            self._client.publish(self.job.topic, self.job.payload, qos=1)


async def main() -> None:
    job = read_job()
    meter = Meter(job)
    stored = PersistentStorage()
    client = Client("bench", persistent_storage=stored, optimistic_acknowledgement=not job.async_handler)
    trusted = ssl.create_default_context(cafile=job.ca_file) if job.ca_file else False
    await client.connect("127.0.0.1", job.port, ssl=trusted)
    await Gmqtt(job, meter, client, stored).run()
    if job.case.kind != "queued":  # it would first wait for what cannot be sent
        await client.disconnect()


asyncio.run(main())
