"""Holdfast after an outage: a great many messages queued in the file, and how it comes back from that.

Their payloads are numbered, and the ack server sees whether they come in order. The first client
has nowhere to connect to; then the file is bound to the server, and a second client opens it anew. While it
drains one publisher goes on.
"""

from __future__ import annotations

import resource
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.ack_numbers import TOPIC, numbered
from benchmarks.clients.common import Job, Meter, resident_bytes
from benchmarks.clients.latency import Latency, Message
from holdfast import Client

_MEANWHILE = 4000
"""One in so many messages is published while it drains: it is done before the drain is."""

_PERIOD_S = 0.01
_NOWHERE = 1
"""A port that nobody listens on."""


class Backlog:
    """One job: queue, open anew, drain."""

    def __init__(self, job: Job, meter: Meter) -> None:
        self._job = job
        self._meter = meter
        self._queued = job.messages - job.messages // _MEANWHILE
        self._seen: dict[str, float] = {}
        self._before = 0
        self._path = Path(job.folder) / "outbox.db"

    async def run(self) -> None:
        """All of it; the meter runs from before the file is opened anew."""
        await self._queue()
        from holdfast.outbox.copies import rebind  # only here: it would count as memory of the idle client

        rebind(str(self._path), None, f"127.0.0.1:{self._job.port}")
        client = self._client(self._job.port)
        self._meter.start()
        began = time.perf_counter()
        await client.start()
        self._seen["reopen_s"] = time.perf_counter() - began
        latency = Latency(client)
        await latency.publisher(self._messages(self._queued, self._job.messages), _PERIOD_S)
        await client.flush()
        self._seen["peak_mb"] = (
            resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 - self._before
        ) / 1e6
        how = f"publish_many() of {self._job.case.group}, a new client, then flush()"
        self._meter.stop(self._job.messages, how, latency.took_s, latency.lag_s(), self._seen)
        await client.stop()

    def _client(self, port: int) -> Client:
        return Client(f"mqtt://127.0.0.1:{port}", client_id="bench", outbox=self._path, drain_s=0)

    async def _queue(self) -> None:
        async with self._client(_NOWHERE) as client:
            group = self._job.case.group
            await client.publish_many(self._messages(0, group))
            self._before = resident_bytes()
            for first in range(group, self._queued, group):
                await client.publish_many(self._messages(first, min(first + group, self._queued)))
            self._seen["queued_mb"] = (resident_bytes() - self._before) / 1e6

    def _messages(self, first: int, last: int) -> Iterator[Message]:
        size = self._job.case.payload_bytes
        return ((TOPIC, numbered(number, size)) for number in range(first, last))
