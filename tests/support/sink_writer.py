"""A process that writes batches into a sink until it is killed: ``python -m tests.support.sink_writer``.

It reads the database's address from stdin, goes on behind the number that is remembered, and
prints each number when ``write`` has returned.
"""

from __future__ import annotations

import asyncio
import sys
from datetime import UTC, datetime

from holdfast.ingest.postgres import PostgresSink
from holdfast.ingest.sink import Batch, Sink
from holdfast.ingest.sqlite import SqliteSink

AT = datetime(2026, 11, 21, 5, tzinfo=UTC)


class Writer:
    """The process, seen from its parent."""

    def __init__(self, address: str) -> None:
        self._address = address

    async def until(self, batches: int) -> int:
        """Let it write so many, kill it with -9, and tell the last number it printed."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.support.sink_writer"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(f"{self._address}\n".encode())
        told = b""
        try:
            for _ in range(batches):
                told = await process.stdout.readline()
                assert told, "the writer ended by itself"
        finally:
            process.kill()
        rest, _ = await process.communicate()
        return int((told + rest[: rest.rfind(b"\n") + 1]).split()[-1])


async def main(address: str) -> None:
    """Until killed."""
    sink: Sink = PostgresSink(address) if "://" in address else SqliteSink(address)
    number = (await sink.open("writer")).number
    while True:
        number += 1
        rows = [(AT, f"batch {number}", 1, False, "p", None)] * 3
        await sink.write(Batch(number, rows, rows.__getitem__, (), f"state {number}"))
        print(number, flush=True)


if __name__ == "__main__":
    asyncio.run(main(sys.stdin.readline().strip()))
