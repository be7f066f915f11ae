"""Messages into a real PostgreSQL that is killed meanwhile: the broker keeps what is not committed."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

import pytest

from holdfast import Client
from holdfast.ingest import Ingest, PostgresSink
from holdfast.testing import eventually
from tests.support.mosquitto import Mosquitto
from tests.support.postgres import Database

MESSAGES = 500
ROWS = "SELECT topic FROM messages WHERE topic <> 'n/hello' ORDER BY id"


@pytest.mark.needs("mosquitto")
async def test_every_message_is_one_row_whatever_dies(postgres: Database, tmp_path: Path) -> None:
    """The server is killed with -9 twice while QoS 2 comes in: rows = messages, in order (contract 17)."""
    with Mosquitto(tmp_path, "max_queued_messages 0") as broker:
        reader = Client(broker.url, client_id="ingest", reconnect="lan")
        service = Ingest(reader, topic="n/+", into=PostgresSink(postgres.url), qos=2)
        running = asyncio.create_task(service.run())
        async with Client(broker.url, client_id="writer") as writer:
            while not service.ledger.received:
                await writer.publish("n/hello", "x", qos=0)
                await asyncio.sleep(0.05)
            for number in range(MESSAGES):
                await writer.publish(f"n/{number}", "x", qos=2)
                if number % 200 == 199:
                    await asyncio.to_thread(postgres.server.stop, signal.SIGKILL)
                    await eventually(lambda: service.trouble is not None, 20)
                    await asyncio.to_thread(postgres.server.start)
            await writer.flush(timeout_s=20)
            await eventually(lambda: service.ledger.waiting == 0 and service.trouble is None, 20)
            await eventually(lambda: len(postgres.execute(ROWS)) == MESSAGES, 20)
        await service.stop()
        ledger = await running
    assert ledger.received == ledger.stored
    assert postgres.execute(ROWS) == [(f"n/{number}",) for number in range(MESSAGES)]
