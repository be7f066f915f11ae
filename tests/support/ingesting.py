"""An ingest to be killed: numbered messages at QoS 2 into a SQLite file, with an outbox file beside it."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from typing import Any

from holdfast import Client, Status
from holdfast.ingest import Ingest


async def main(into: str, isolated: bool, batch: int, options: dict[str, Any]) -> None:
    """Until it is killed, or SIGTERM; says "connected", and "subscribed" once the broker has."""
    client = Client(isolated=isolated, **options)
    ingest = Ingest(client, topic="n/#", into=into, qos=2, batch=batch)
    running = asyncio.create_task(ingest.run())
    await asyncio.sleep(0)
    while not running.done():
        if client.status is Status.CONNECTED:
            os.write(1, b"connected\n")
            await client.ready()
            os.write(1, b"subscribed\n")
            break
        await asyncio.sleep(0.005)
    await running


if __name__ == "__main__":
    asyncio.run(main(**json.loads(sys.argv[1])))
