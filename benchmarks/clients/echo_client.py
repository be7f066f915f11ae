"""No MQTT at all: what a round trip and an idle connection cost a bare asyncio program.

It brings the server it talks to, a process that sends back what it reads, and one message is one write.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys

from benchmarks.clients.common import Job, Meter, read_job
from benchmarks.clients.runner import Runner, Took

_SERVER = """
import asyncio

class Echo(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport = transport
    def data_received(self, data):
        self.transport.write(data)

async def main():
    server = await asyncio.get_running_loop().create_server(Echo, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()

asyncio.run(main())
"""


class Echo(Runner, asyncio.Protocol):
    received_by = "data_received of an asyncio protocol; one trip to an echo server and back"

    def __init__(self, job: Job, meter: Meter) -> None:
        super().__init__(job, meter)
        self._transport: asyncio.Transport
        self._took: Took

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        size = self.job.case.payload_bytes
        for at in range(0, len(data), size):
            self._took(data[at : at + size])

    def listen(self, took: Took) -> None:
        self._took = took

    async def subscribe(self, filters: list[str]) -> None:
        """There is nothing to say."""

    async def send(self, topic: str, payload: bytes) -> None:
        self._transport.write(payload)


async def main(port: int) -> None:
    job = read_job()
    meter = Meter(job)
    loop = asyncio.get_running_loop()
    _, echo = await loop.create_connection(lambda: Echo(job, meter), "127.0.0.1", port)
    await echo.run()


with subprocess.Popen([sys.executable, "-c", _SERVER], stdout=subprocess.PIPE, text=True) as server:
    assert server.stdout
    try:
        asyncio.run(main(int(server.stdout.readline())))
    finally:
        server.kill()
