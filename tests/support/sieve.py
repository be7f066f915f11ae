"""A way between client and broker on which packets of some types are lost, and nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from typing import Any

from holdfast.codec import Connect, Decoder, Packet, encode


class Sieve:
    """Listens on a port of its own; ``lost``: the types of packets that vanish, in either direction.

    On the loop of the test. ``close`` ends every connection and listens no more, until ``open``.
    """

    def __init__(self, port: int) -> None:
        """``port``: that of the broker, on this machine."""
        self._target = port
        self.port = 0
        self.lost: Collection[type[Packet]] = ()
        self.swallowed = 0
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()

    @property
    def url(self) -> str:
        """What a client dials."""
        return f"mqtt://127.0.0.1:{self.port}"

    async def open(self) -> None:
        """Listen, on the same port as before."""
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Listen no more, and end what there is."""
        assert self._server is not None
        self._server.close()
        for writer in list(self._writers):
            writer.transport.abort()
        await self._server.wait_closed()

    async def __aenter__(self) -> Sieve:
        await self.open()
        return self

    async def __aexit__(self, *_: Any) -> None:
        await self.close()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, onward = await asyncio.open_connection("127.0.0.1", self._target)
        both = {writer, onward}
        self._writers |= both
        up, down = Decoder(), Decoder()
        try:
            await asyncio.gather(self._pass(reader, onward, up, down), self._pass(there, writer, down, up))
        except OSError:
            pass  # either end is gone
        finally:
            self._writers -= both
            for one in both:
                one.transport.abort()

    async def _pass(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, decoder: Decoder, other: Decoder
    ) -> None:
        while data := await reader.read(65_536):
            packets: list[Packet] = []
            decoder.feed(data, packets)
            for packet in packets:
                if isinstance(packet, Connect):
                    other.version = packet.version
                if isinstance(packet, tuple(self.lost)):
                    self.swallowed += 1
                else:
                    writer.write(encode(packet, decoder.version))
        writer.close()
