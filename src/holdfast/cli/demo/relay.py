"""A relay on the loopback: every byte both ways, past the taps, to where the broker listens."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Self

from holdfast.cli.demo.tap import SerialOf, Tap, Wire

CHUNK = 1 << 16


class Relay:
    """``async with Relay(port, serial_of) as relay``: clients dial ``relay.port``."""

    def __init__(self, broker_port: int, serial_of: SerialOf) -> None:
        self._broker_port = broker_port
        self._serial_of = serial_of
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.taps: dict[str, Tap] = {}
        self.port = 0

    async def __aenter__(self) -> Self:
        """Listen on a free port of 127.0.0.1."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0, limit=CHUNK)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *exc: object) -> None:
        """Listen no more, and cut what is open."""
        if self._server is not None:
            self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def tap(self, client_id: str) -> Tap:
        """The tap of this client."""
        return self.taps.setdefault(client_id, Tap(self._serial_of))

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        with suppress(OSError, asyncio.CancelledError):
            broker_reader, broker_writer = await asyncio.open_connection("127.0.0.1", self._broker_port)
            wire = Wire(self.tap)
            await _until_one_ends(
                _pump(reader, broker_writer, wire.from_client),
                _pump(broker_reader, writer, wire.from_broker),
            )
            broker_writer.transport.abort()
        writer.transport.abort()


async def _until_one_ends(*pumps: asyncio._CoroutineLike[None]) -> None:
    tasks = [asyncio.ensure_future(pump) for pump in pumps]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter, seen: Callable[[bytes], None]) -> None:
    """Seen first, then passed on: what one side got, the tap has seen."""
    with suppress(OSError):
        while data := await source.read(CHUNK):
            seen(data)
            sink.write(data)
            await sink.drain()
        sink.write_eof()
        await sink.drain()
