"""A subscriber to be killed: it handles numbered messages, and says each number when it has.

``work``: as ``Client.on`` has it; with it each message takes up to 5 ms, and every tenth fails at first.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from typing import Any

from holdfast import Client, Message, QoS, Retry


async def main(
    qos: QoS, options: dict[str, Any], work: dict[str, Any] | None = None, dedupe: str | None = None
) -> None:
    """Until it is killed; "subscribed" once the broker has said so."""
    client = Client(**options)

    @client.on("n/{name}", qos=qos, dedupe=dedupe, **(work or {}))
    async def handle(message: Message) -> None:
        if work is not None:
            await _take_time(message)
        _tell(message.payload)

    async with client:
        await client.ready()
        _tell(b"subscribed")
        await asyncio.Event().wait()


async def _take_time(message: Message) -> None:
    await asyncio.sleep(int(message.payload) % 6 / 1000)
    if message.attempt == 1 and message.payload.endswith(b"7"):
        raise Retry(delay_s=0.005)


def _tell(word: bytes) -> None:
    os.write(1, word + b"\n")


if __name__ == "__main__":
    asyncio.run(main(**json.loads(sys.argv[1])))
