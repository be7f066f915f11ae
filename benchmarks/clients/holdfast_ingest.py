"""Holdfast's `Ingest`, all defaults. Its file is for what the database cannot take; nothing comes into it."""

from __future__ import annotations

import asyncio

from benchmarks.clients.common import GO, STALL_S, Job, Meter
from benchmarks.clients.tables import count
from holdfast import Client, Status
from holdfast.ingest import Ingest

_LOOK_S = 0.002


class Ingesting:
    """One run, from the subscription that is granted to the last row."""

    def __init__(self, job: Job, meter: Meter) -> None:
        self._job = job
        self._meter = meter

    async def run(self) -> None:
        job = self._job
        client = Client(f"mqtt://127.0.0.1:{job.port}", client_id="bench", outbox=f"{job.folder}/outbox.db")
        service = Ingest(client, topic=job.topic, into=job.database, qos=job.case.qos)
        running = asyncio.create_task(service.run())
        while client.status is not Status.CONNECTED:  # noqa: ASYNC110  it is the service that starts it
            await asyncio.sleep(_LOOK_S)
        await client.ready(STALL_S)
        self._meter.start()
        await client.publish(GO, b"")
        await self._all(service)
        self._meter.stop(count(job.database), "Ingest.run(); its ledger says that all are stored")
        await service.stop()
        await running

    async def _all(self, service: Ingest) -> None:
        """Or none came for a while."""
        before, at = -1, asyncio.get_running_loop().time()
        while service.ledger.stored < self._job.messages:
            await asyncio.sleep(_LOOK_S)
            now = asyncio.get_running_loop().time()
            if service.ledger.stored != before:
                before, at = service.ledger.stored, now
            elif now - at > STALL_S:
                return
