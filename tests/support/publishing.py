"""A publisher to be killed: numbered messages into an outbox file, and each number told once it is accepted.

It goes on where the file's ledger says, so the numbers of all its lives count up without a gap. A line each:

    opening           from here on the file is being opened
    opened {...}      it is: its books, and what opening found
    17                ``publish`` has returned for number 17
    flushed {...}     all is acknowledged: its books
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Iterator
from typing import Any

from holdfast import Client, QoS

STREAMS = 4
AT_ONCE = 8


def topic(number: int) -> str:
    """One topic per stream; all of them are one line (contract 8)."""
    return f"n/{number % STREAMS}"


def serial(number: int) -> str:
    """The payload."""
    return f"1-{number:06}"


async def main(qos: QoS, group: int, more: int, stay: bool, options: dict[str, Any]) -> None:
    """Publish ``more`` numbers as fast as it goes, flush, and ``stay`` to be killed or end.

    ``group``: so many in one call, which accepts all of them or none.
    """
    client = Client(**options)
    _tell("opening")
    async with client:
        _tell("opened", _books(client))
        first = client.snapshot().ledger.accepted
        firsts = iter(range(first, first + more, group))
        await asyncio.gather(*(_publish(client, firsts, group, qos) for _ in range(AT_ONCE)))
        await client.flush()
        _tell("flushed", _books(client))
        if stay:
            await asyncio.Event().wait()


async def _publish(client: Client, firsts: Iterator[int], group: int, qos: QoS) -> None:
    for first in firsts:
        numbers = range(first, first + group)
        if group == 1:
            await client.publish(topic(first), serial(first), qos=qos)
        else:
            await client.publish_many([(topic(number), serial(number)) for number in numbers], qos=qos)
        _tell("\n".join(map(str, numbers)))


def _books(client: Client) -> str:
    ledger, outbox = client.snapshot().ledger, client._outbox
    counts = {name: getattr(ledger, name) for name in ledger.__match_args__ if name != "since"}
    return json.dumps({**counts, "mended": outbox.mended, "set_aside": outbox.set_aside})


def _tell(*words: object) -> None:
    """In one piece, and past every buffer: what was told is not lost with the process."""
    os.write(1, (" ".join(map(str, words)) + "\n").encode())


if __name__ == "__main__":
    asyncio.run(main(**json.loads(sys.argv[1])))
