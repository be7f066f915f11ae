"""The relay passes every byte, past the tap, and passes on every end."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from holdfast import codec
from holdfast.cli.demo.relay import Relay, closed


async def read(reader: asyncio.StreamReader, size: int) -> bytes:
    return await asyncio.wait_for(reader.readexactly(size), 5)


async def test_bytes_pass_both_ways_and_the_tap_has_seen_them() -> None:
    """What arrives is what was sent; when it has arrived it has been seen."""
    packet = codec.encode(codec.Publish("t", b"a", 1, packet_id=1), codec.V5)
    hello = codec.encode(codec.Connect("me"), codec.V5)

    async def broker(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert await read(reader, len(hello + packet)) == hello + packet
        writer.write(codec.encode(codec.Puback(1), codec.V5))
        with closed(writer):
            await reader.read()

    server = await asyncio.start_server(broker, "127.0.0.1", 0)
    async with server, Relay(server.sockets[0].getsockname()[1], bytes.decode) as relay:
        reader, writer = await asyncio.open_connection("127.0.0.1", relay.port)
        writer.write(hello + packet)
        assert await read(reader, 4) == b"\x40\x02\x00\x01"
        assert relay.tap("me").to_broker.taken == {"a"}
        writer.close()


async def test_a_broker_that_is_away_is_a_connection_that_ends() -> None:
    """The client learns at once, as it would without the relay."""
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    async with Relay(port, bytes.decode) as relay:
        reader, writer = await asyncio.open_connection("127.0.0.1", relay.port)
        with suppress(ConnectionError):  # a reset is an end as well
            assert await asyncio.wait_for(reader.read(), 5) == b""
        writer.close()


async def test_the_end_of_the_broker_reaches_the_client() -> None:
    """And leaving the relay ends what is still open."""

    async def broker(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"bye")
        writer.close()

    server = await asyncio.start_server(broker, "127.0.0.1", 0)
    async with server, Relay(server.sockets[0].getsockname()[1], bytes.decode) as relay:
        reader, writer = await asyncio.open_connection("127.0.0.1", relay.port)
        assert await asyncio.wait_for(reader.read(), 5) == b"bye"
        writer.close()
