"""The loop a competent user of aiomqtt 2 writes to store what comes, acknowledged after the commit.

aiomqtt has no acknowledgement by hand; paho below it has, so the user reaches for that. Messages are gathered
from `client.messages`, up to 500 or what has come within 10 ms, inserted with `executemany` on a thread, and
each acknowledged after the commit; the next batch gathers meanwhile.
"""

from __future__ import annotations

import asyncio
import logging
import socket

from aiomqtt import Client, Message, ProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from benchmarks.clients.common import GO, STALL_S, Job, Meter, read_job
from benchmarks.clients.tables import MOST, WAIT_S, Table, row


def connection(job: Job) -> Client:
    wanted = Properties(PacketTypes.CONNECT)
    wanted.ReceiveMaximum = 1000
    client = Client(
        "127.0.0.1",
        job.port,
        identifier="bench",
        protocol=ProtocolVersion.V5,
        properties=wanted,
        max_inflight_messages=1000,
        socket_options=[(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)],
    )
    client._client.manual_ack_set(True)
    return client


async def gather(client: Client, came: asyncio.Queue[Message]) -> None:
    async for message in client.messages:
        came.put_nowait(message)


async def batch(came: asyncio.Queue[Message]) -> list[Message]:
    """Waits for the first; empty: none came."""
    found: list[Message] = []
    try:
        found.append(await asyncio.wait_for(came.get(), STALL_S))
        async with asyncio.timeout(WAIT_S):
            while len(found) < MOST:
                found.append(came.get_nowait() if not came.empty() else await came.get())
    except TimeoutError:
        pass
    return found


async def main() -> None:
    logging.getLogger("mqtt").setLevel(logging.ERROR)
    job = read_job()
    meter = Meter(job)
    table, came, stored = Table(job.database), asyncio.Queue[Message](), 0
    async with connection(job) as client:
        gathering = asyncio.create_task(gather(client, came))
        await client.subscribe(job.topic, job.case.qos)
        meter.start()
        await client.publish(GO, b"", 1)
        while stored < job.messages and (found := await batch(came)):
            rows = [row(str(one.topic), one.qos, one.retain, bytes(one.payload)) for one in found]
            await asyncio.to_thread(table.write, rows)
            for one in found:
                client._client.ack(one.mid, one.qos)
            stored += len(found)
        how = f"executemany of up to {MOST} on a thread, ack() of each after the commit, by paho below"
        meter.stop(table.count(), how)
        gathering.cancel()


asyncio.run(main())
