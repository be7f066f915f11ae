"""A backlog from an outage, in the file alone: little memory, opened at once, and drained in order.

The same with a million messages, and how fast it is, is in `make bench` (case ``backlog``).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.ack_numbers import TOPIC, numbered
from benchmarks.clients.common import resident_bytes
from benchmarks.servers import AckServer
from holdfast import Client
from holdfast.outbox.copies import rebind

NOBODY = "mqtt://127.0.0.1:1"
QUEUED, GROUP, MEANWHILE = 100_000, 1000, 200

GROWTH_BYTES = 60_000_000
"""Contract 30 allows so much for ten times as many."""

REOPENED_S = 2.0


def messages(first: int, last: int) -> Iterator[tuple[str, bytes]]:
    """Each with its number."""
    return ((TOPIC, numbered(number, 64)) for number in range(first, last))


async def queue(path: Path) -> int:
    """All that comes while there is no broker; gives the bytes it took in memory."""
    async with Client(NOBODY, client_id="backlog", outbox=path, drain_s=0) as client:
        await client.publish_many(messages(0, GROUP))
        before = resident_bytes()
        for first in range(GROUP, QUEUED, GROUP):
            await client.publish_many(messages(first, first + GROUP))
        assert client.snapshot().ledger.pending == QUEUED
        return resident_bytes() - before


async def test_a_backlog_leaves_in_order(tmp_path: Path) -> None:
    """Queued offline, opened anew, drained while one goes on publishing: each once, in accept order."""
    path = tmp_path / "outbox.db"
    assert await queue(path) < GROWTH_BYTES
    with AckServer() as server:
        rebind(str(path), None, f"127.0.0.1:{server.port}")
        client = Client(f"mqtt://127.0.0.1:{server.port}", client_id="backlog", outbox=path)
        began = time.monotonic()
        await client.start()
        assert time.monotonic() - began < REOPENED_S
        for topic, payload in messages(QUEUED, QUEUED + MEANWHILE):
            await client.publish(topic, payload)
        async with asyncio.timeout(60):
            await client.flush()
        ledger = await client.stop()
        report = server.report()
    assert (ledger.acknowledged, ledger.pending) == (QUEUED + MEANWHILE, 0)
    assert report["published"] == [0, QUEUED + MEANWHILE, 0]
    assert report["in_order"]
