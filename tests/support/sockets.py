"""Real sockets for tests: a peer that does as it is told, and a user of a link that remembers."""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from threading import Thread
from typing import Any, Generic, Protocol, TypeVar

FLOOD = 16 << 20
"""More than two sockets hold, once the receiver's does not grow any more."""


class Writer(Protocol):
    """A link, or a transport."""

    def write(self, data: bytes) -> None: ...


def flood(to: Writer) -> None:
    """In pieces, as a client writes: TLS takes one write whole, however large it is."""
    for _ in range(FLOOD >> 16):
        to.write(bytes(1 << 16))


def keep_small(sock: socket.socket) -> None:
    """Receive buffers may grow beyond 32 MiB, where nobody notices a reader that stopped."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 18)


class Ear:
    """A ``LinkUser`` that remembers what it was told."""

    def __init__(self) -> None:
        self.data = bytearray()
        self.writables: list[bool] = []
        self.losses: list[Exception | None] = []

    def received(self, data: bytes) -> None:
        self.data += data

    def writable(self, yes: bool) -> None:
        self.writables.append(yes)

    def lost(self, error: Exception | None) -> None:
        self.losses.append(error)


class Peer(asyncio.Protocol):
    """The other end of one connection."""

    def __init__(self, peers: list[Peer]) -> None:
        self._peers = peers
        self.data = bytearray()
        self.ended = False
        self.gone = False
        self.held = False
        self.error: Exception | None = None
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        keep_small(transport.get_extra_info("socket"))
        self._peers.append(self)

    def data_received(self, data: bytes) -> None:
        self.data += data

    def eof_received(self) -> bool:
        self.ended = True
        return True  # our half stays open until the test says otherwise

    def connection_lost(self, error: Exception | None) -> None:
        self.ended = self.gone = True
        self.error = error

    def pause_writing(self) -> None:
        """Nobody takes what we say."""
        self.held = True

    def resume_writing(self) -> None:
        self.held = False

    def write(self, data: bytes) -> None:
        """Say this."""
        self.transport.write(data)

    def end(self) -> None:
        """Say no more, in the way of the transport."""
        self.transport.close()

    def half_close(self) -> None:
        """FIN; what the other side sends still arrives."""
        self.transport.write_eof()

    def reset(self) -> None:
        """RST instead of FIN."""
        sock = self.transport.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.transport.abort()


P = TypeVar("P", bound=Peer)


class Peers(Generic[P]):
    """A listening port and who came."""

    def __init__(self, port: int, came: list[P]) -> None:
        self.port = port
        self.came = came

    async def one(self) -> P:
        """The latest connection, TLS included."""
        await until(lambda: bool(self.came))
        return self.came[-1]


@asynccontextmanager
async def listening(tls: ssl.SSLContext | None = None) -> AsyncIterator[Peers[Peer]]:
    """A port on 127.0.0.1, open within the block."""
    async with listening_with(Peer, tls) as peers:
        yield peers


@asynccontextmanager
async def listening_with(
    make: Callable[[list[Any]], P], tls: ssl.SSLContext | None = None, path: Path | None = None
) -> AsyncIterator[Peers[P]]:
    """A port on 127.0.0.1, or a Unix socket of this path, where this kind of peer answers."""
    loop = asyncio.get_running_loop()
    came: list[P] = []
    if path is None:
        server = await loop.create_server(lambda: make(came), "127.0.0.1", 0, ssl=tls)
    else:
        server = await loop.create_unix_server(lambda: make(came), path)
    try:
        yield Peers(0 if path else server.sockets[0].getsockname()[1], came)
    finally:
        server.close()
        for peer in came:
            if not peer.gone:
                peer.transport.abort()
        await until(lambda: all(peer.gone for peer in came))


@contextmanager
def refusing_clients(tls: ssl.SSLContext) -> Iterator[int]:
    """A port that ends the handshake with an alert, as brokers do (asyncio's server would say nothing)."""

    def refuse() -> None:
        sock, _ = listener.accept()
        with sock:
            sock.settimeout(5)
            with tls.wrap_socket(sock, server_side=True, do_handshake_on_connect=False) as server:
                with suppress(ssl.SSLError):
                    server.do_handshake()
                raw = socket.socket(fileno=server.detach())
            with raw, suppress(OSError):
                raw.shutdown(socket.SHUT_WR)
                while raw.recv(1024):  # unread bytes would turn the alert into a reset
                    pass

    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(5)
        thread = Thread(target=refuse)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            thread.join()


@contextmanager
def black_hole() -> Iterator[int]:
    """A port that answers no SYN: its queue is full and nobody accepts."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        fillers = [socket.socket() for _ in range(4)]
        try:
            for filler in fillers:
                filler.setblocking(False)
                filler.connect_ex(listener.getsockname())
            yield listener.getsockname()[1]
        finally:
            for filler in fillers:
                filler.close()


def closed_port() -> int:
    """A port where nobody listens."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


async def until(check: Callable[[], bool], limit_s: float = 5) -> None:
    """Wait for a condition, but not for ever."""
    async with asyncio.timeout(limit_s):
        while not check():  # noqa: ASYNC110  # what is waited for knows nothing of an event
            await asyncio.sleep(0.002)
