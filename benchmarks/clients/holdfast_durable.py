"""Holdfast with its outbox in a file: how fast messages are accepted, and how long each waits for it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from itertools import repeat

from benchmarks.clients.common import PAUSE_S, Job, Meter, resident_bytes, tell_memory
from benchmarks.clients.latency import Latency
from holdfast import Client, Receipt

_SETTLING = 20_000
"""Messages before memory is read: what the outbox keeps for itself is there by then."""

_AT_ONCE = 1000


class Durable:
    """The cases of one client whose messages are in a file."""

    def __init__(self, job: Job, meter: Meter, client: Client) -> None:
        self._job = job
        self._meter = meter
        self._client = client

    async def publish(self) -> None:
        """By as many publishers as the case has, each waiting until what it handed over is accepted."""
        case = self._job.case
        work, what = self._groups, f"publish_many() of {case.group}"
        if not case.group:
            work, what = self._singles, "publish() of every message"
        left = iter(self._job.grouped(case.group or 1))
        self._meter.start()
        await asyncio.gather(*(work(left) for _ in range(case.publishers)))
        await self._client.flush()
        self._meter.stop(self._job.messages, f"{case.publishers} tasks, each awaits {what}; then flush()")

    async def _singles(self, left: Iterator[int]) -> None:
        client, topic, payload = self._client, self._job.topic, self._job.payload
        for _ in left:
            await client.publish(topic, payload)

    async def _groups(self, left: Iterator[int]) -> None:
        client, topic, payload = self._client, self._job.topic, self._job.payload
        for count in left:
            await client.publish_many([(topic, payload)] * count)

    async def accept(self) -> None:
        """How long each `publish` of each publisher takes."""
        job, latency = self._job, Latency(self._client)
        left = repeat((job.topic, job.payload), job.messages)
        self._meter.start()
        await asyncio.gather(*(latency.publisher(left) for _ in range(job.case.publishers)))
        await self._client.flush()
        how = f"{job.case.publishers} tasks, each awaits publish() of every message"
        self._meter.stop(job.messages, how, latency.took_s, latency.lag_s())

    async def receipts(self) -> None:
        """What memory grows by for each receipt that is held."""
        await self._receipts(_SETTLING)
        await asyncio.sleep(PAUSE_S)
        before = resident_bytes()
        held = await self._receipts(self._job.messages)
        await asyncio.sleep(PAUSE_S)
        tell_memory(self._job, before, f"{len(held):,} of publish_nowait(), each accepted")

    async def _receipts(self, count: int) -> list[Receipt]:
        held: list[Receipt] = []
        while len(held) < count:
            for _ in range(min(_AT_ONCE, count - len(held))):
                held.append(self._client.publish_nowait(self._job.topic, self._job.payload))
            await held[-1].accepted()
        return held
