"""A relay on the loopback: every byte both ways, past the taps, to where the broker listens."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
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
        wire = Wire(self.tap)
        with closed(writer), suppress(OSError):
            broker_reader, broker_writer = await asyncio.open_connection("127.0.0.1", self._broker_port)
            with closed(broker_writer):
                await _until_one_ends(
                    _pump(reader, broker_writer, wire.from_client),
                    _pump(broker_reader, writer, wire.from_broker),
                )


@contextmanager
def closed(writer: asyncio.StreamWriter) -> Iterator[None]:
    """Close it in the end: what was handed over still leaves, unless we were told to go at once."""
    try:
        yield
    except asyncio.CancelledError:
        writer.transport.abort()
        raise
    finally:
        writer.close()


async def _until_one_ends(*pumps: Coroutine[None, None, None]) -> None:
    tasks = [asyncio.create_task(pump) for pump in pumps]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _pump(
    source: asyncio.StreamReader, sink: asyncio.StreamWriter, seen: Callable[[bytes], None]
) -> None:
    """Seen first, then passed on: what one side got, the tap has seen."""
    with suppress(OSError):
        while data := await source.read(CHUNK):
            seen(data)
            sink.write(data)
            await sink.drain()
