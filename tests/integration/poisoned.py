"""A consumer that dies of one of its messages: URL, version, outbox, file of what it handled, how many."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from typing import Any

from holdfast import Client, Retries
from holdfast.testing import eventually


async def main(url: str, version: Any, outbox: str, handled: str, count: str) -> None:
    client = Client(url, client_id="consumer", outbox=outbox, reconnect="lan", version=version)

    @client.on("work/{kind}", concurrency=4, retries=Retries(3))
    async def handle(payload: str) -> None:
        if payload == "poison":
            os.kill(os.getpid(), signal.SIGKILL)
        note(handled, payload)

    async with client:
        await client.ready(10)
        print("ready", flush=True)
        await eventually(lambda: len(done(handled)) == int(count) and client.snapshot().dead, 20)
        print("well", flush=True)


def note(handled: str, payload: str) -> None:
    with open(handled, "a") as file:
        file.write(f"{payload}\n")


def done(handled: str) -> set[str]:
    try:
        with open(handled) as file:
            return set(file.read().split())
    except FileNotFoundError:
        return set()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
