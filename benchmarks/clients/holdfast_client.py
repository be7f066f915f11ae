"""Holdfast through its public face, all defaults but the session, which ends with the connection.

Bulk is `publish_many` in groups, each group handed over while the one before it is on its way. Awaited is
rounds of messages, each receipt awaited, as for the clients that know no other way; with `--tasks` it is as
many tasks, each of which awaits its own. Where the case asks for a file it is the outbox, and acceptance is
awaited; with `--process` it does not survive a power cut. Received messages go to a coroutine function and
are acknowledged when it has returned: the library knows no other way. `--no-coalescing` reads as soon as
there is something to read, however much the load.
"""

from __future__ import annotations

import asyncio
from contextlib import nullcontext, suppress
from typing import Any

from benchmarks.cases import AWAITED_AT_ONCE
from benchmarks.clients.common import Job, Meter, cannot, read_job
from benchmarks.clients.holdfast_backlog import Backlog
from benchmarks.clients.holdfast_durable import Durable
from benchmarks.clients.runner import Runner, Took
from holdfast import TLS, Client, Limits, Outbox
from holdfast.errors import ConfigurationError, Undelivered

_GROUP = 500
"""Messages in one publish_many: within the default bounds, QoS 0 included (limits.qos0_outbox is 1,000)."""


class Holdfast(Runner):
    received_by = "the handler is a coroutine function, acknowledged after it"
    queued_by = "in the outbox, in memory"

    def __init__(self, job: Job, meter: Meter, client: Client) -> None:
        super().__init__(job, meter)
        self._client = client

    async def publish(self) -> None:
        if not self.job.case.awaited:
            await self._publish_bulk()
        elif self.job.tasks:
            await self._publish_in_tasks()
        else:
            await self._publish_in_rounds()

    async def _publish_bulk(self) -> None:
        client, topic, payload, qos = self._client, self.job.topic, self.job.payload, self.job.case.qos
        self.meter.start()
        before = None
        for first in range(0, self.job.messages, _GROUP):
            group = [(topic, payload)] * min(_GROUP, self.job.messages - first)
            receipt = await client.publish_many(group, qos=qos)
            if before:
                await before.acknowledged()
            before = receipt
        if before:
            await before.acknowledged()
        if qos == 0:
            await (await client.publish(topic, payload, qos=1)).acknowledged()
        how = f"publish_many of {_GROUP}, acknowledged() of each group, two groups under way"
        self.meter.stop(self.job.messages, how)

    async def _publish_in_rounds(self) -> None:
        client, topic, payload, qos = self._client, self.job.topic, self.job.payload, self.job.case.qos
        delivered = 0
        self.meter.start()
        for count in self.job.groups:
            receipts = [await client.publish(topic, payload, qos=qos) for _ in range(count)]
            for receipt in receipts:
                await receipt.acknowledged()
                delivered += 1
        how = f"publish() of {AWAITED_AT_ONCE} messages, then acknowledged() of each"
        self.meter.stop(delivered, how)

    async def _publish_in_tasks(self) -> None:
        client, topic, payload, qos = self._client, self.job.topic, self.job.payload, self.job.case.qos
        left = iter(range(self.job.messages))
        delivered = 0

        async def worker() -> None:
            nonlocal delivered
            for _ in left:
                receipt = await client.publish(topic, payload, qos=qos)
                await receipt.acknowledged()
                delivered += 1

        self.meter.start()
        await asyncio.gather(*(worker() for _ in range(AWAITED_AT_ONCE)))
        how = f"{AWAITED_AT_ONCE} tasks, each awaits publish() and acknowledged() of every message"
        self.meter.stop(delivered, how)

    def listen(self, took: Took) -> None:
        async def handle(payload: bytes) -> None:
            took(payload)

        self._handle = handle

    async def subscribe(self, filters: list[str]) -> None:
        """The filter that orders the stream is on its way without a wait; the clock is running."""
        self._client.on(*filters, qos=self.job.case.qos)(self._handle)
        if self.job.filters or self.job.case.kind == "trip":
            await self._client.ready()

    async def send(self, topic: str, payload: bytes) -> None:
        await self._client.publish(topic, payload)

    async def durable(self) -> None:
        await Durable(self.job, self.meter, self._client).publish()

    async def accept(self) -> None:
        await Durable(self.job, self.meter, self._client).accept()

    async def receipts(self) -> None:
        await Durable(self.job, self.meter, self._client).receipts()

    async def queue(self) -> None:
        topic, payload = self.job.topic, self.job.payload
        for _ in range(self.job.messages):
            await self._client.publish(topic, payload)


def connection(job: Job) -> Client:
    kept: dict[str, Any] = {}
    scheme = "ws" if job.case.server == "websocket" else "mqtts" if job.ca_file else "mqtt"
    if job.ca_file:
        kept["tls"] = TLS(ca_file=job.ca_file)
    if not job.coalescing:
        kept["limits"] = Limits(coalesce_s=None)
    if job.isolated:
        kept["isolated"] = True
    if job.case.kind in ("queued", "receipts"):
        kept["drain_s"] = 0
    if job.folder:
        kept["outbox"] = Outbox(f"{job.folder}/outbox.db", durability="process" if job.process else "power")
    return Client(f"{scheme}://127.0.0.1:{job.port}", client_id="bench", session_expiry_s=0, **kept)


async def main() -> None:
    job = read_job()
    meter = Meter(job)
    try:
        described = connection(job)
    except (ConfigurationError, TypeError) as missing:  # an option or a scheme this version has not got
        cannot(str(missing))
        return
    if job.case.kind == "ingest":
        from benchmarks.clients.holdfast_ingest import Ingesting  # the memory of others is weighed without

        await Ingesting(job, meter).run()
        return
    if job.case.kind == "backlog":
        await Backlog(job, meter).run()
        return
    with suppress(Undelivered) if job.case.kind == "queued" else nullcontext():
        async with described as client:
            await client.ready()
            await Holdfast(job, meter, client).run()


asyncio.run(main())
