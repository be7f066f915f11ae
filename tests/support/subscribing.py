"""A subscriber to be killed: it handles numbered messages, and says each number when it has."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from typing import Any

from holdfast import Client, QoS


async def main(qos: QoS, options: dict[str, Any], dedupe: str | None = None) -> None:
    """Until it is killed; "subscribed" once the broker has said so."""
    client = Client(**options)

    @client.on("n/#", qos=qos, dedupe=dedupe)
    async def handle(payload: bytes) -> None:
        _tell(payload)

    async with client:
        await client.ready()
        _tell(b"subscribed")
        await asyncio.Event().wait()


def _tell(word: bytes) -> None:
    os.write(1, word + b"\n")


if __name__ == "__main__":
    asyncio.run(main(**json.loads(sys.argv[1])))
