"""Small proxies on loopback: HTTP CONNECT (RFC 9110 §9.3.6) and SOCKS5 (RFC 1928, RFC 1929)."""

from __future__ import annotations

import asyncio
import base64
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager

from tests.support.sockets import keep_small

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Login = tuple[str, str]

SOCKS_REFUSED, SOCKS_UNREACHABLE, SOCKS_FORBIDDEN = 5, 4, 2


class Refusal(Exception):
    """The last words for this client."""

    def __init__(self, answer: bytes) -> None:
        super().__init__(answer)
        self.answer = answer


class SmallProxy:
    """Relays to whatever it is asked for. ``asked``: host and port of each request, as they were named.

    ``login``: who may use it; None: everybody. ``names``: what it knows that no other resolver
    does. ``answer``: said instead of relaying. ``split``: the HTTP answer comes in two pieces.
    """

    def __init__(
        self,
        kind: str,
        login: Login | None = None,
        names: Mapping[str, str] | None = None,
        answer: bytes | None = None,
        split: bool = False,
    ) -> None:
        self.kind = kind
        self.port = 0
        self.asked: list[tuple[str, int]] = []
        self._login = login
        self._names = names or {}
        self._answer = answer
        self._split = split
        self._clients: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    @property
    def url(self) -> str:
        """For ``proxy=``; without the login."""
        return f"{self.kind}://127.0.0.1:{self.port}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One client, from its greeting to the end."""
        task = asyncio.current_task()
        assert task is not None
        self._clients[task] = writer
        keep_small(writer.get_extra_info("socket"))
        try:
            greet = self._http if self.kind == "http" else self._socks
            await _relay((reader, writer), await greet(reader, writer))
        except Refusal as refusal:
            writer.write(refusal.answer)
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # the client, the broker or the test is done
        finally:
            del self._clients[task]
            writer.close()

    async def stop(self) -> None:
        """Cut everybody."""
        tasks = list(self._clients)
        for task, writer in self._clients.items():
            writer.transport.abort()
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _http(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Streams:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        host, _, port = head.split()[1].rpartition(":")
        self._ask(host.strip("[]"), int(port))
        if self._login is not None:
            wanted = base64.b64encode(":".join(self._login).encode("latin-1")).decode()
            if f"Proxy-Authorization: Basic {wanted}\r\n" not in head:
                raise Refusal(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
        try:
            there = await self._dial()
        except OSError:
            raise Refusal(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n") from None
        writer.write(b"HTTP/1.1 200 Connection established\r\n")
        if self._split:
            await asyncio.sleep(0.02)
        writer.write(b"Via: 1.1 proxy.test\r\n\r\n")
        return there

    async def _socks(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Streams:
        _, count = await reader.readexactly(2)
        offered = await reader.readexactly(count)
        method = 2 if self._login else 0
        if method not in offered:
            raise Refusal(b"\x05\xff")
        writer.write(bytes([5, method]))
        if self._login:
            await self._identify(reader, writer, self._login)
        await reader.readexactly(3)
        self._ask(await _socks_host(reader), int.from_bytes(await reader.readexactly(2), "big"))
        try:
            there = await self._dial()
        except OSError as error:
            code = SOCKS_REFUSED if isinstance(error, ConnectionRefusedError) else SOCKS_UNREACHABLE
            raise Refusal(bytes([5, code, 0, 1, 0, 0, 0, 0, 0, 0])) from None
        writer.write(b"\x05\x00\x00\x01\x7f\x00\x00\x01\x00\x00")
        return there

    async def _identify(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, login: Login
    ) -> None:
        await reader.readexactly(1)
        words = [(await reader.readexactly((await reader.readexactly(1))[0])).decode() for _ in range(2)]
        if words != list(login):
            raise Refusal(b"\x01\x01")
        writer.write(b"\x01\x00")

    def _ask(self, host: str, port: int) -> None:
        self.asked.append((host, port))
        if self._answer is not None:
            raise Refusal(self._answer)

    async def _dial(self) -> Streams:
        host, port = self.asked[-1]
        there = await asyncio.open_connection(self._names.get(host, host), port)
        keep_small(there[1].get_extra_info("socket"))
        return there


async def _socks_host(reader: asyncio.StreamReader) -> str:
    kind = (await reader.readexactly(1))[0]
    if kind == 3:
        return (await reader.readexactly((await reader.readexactly(1))[0])).decode()
    family, size = (socket.AF_INET, 4) if kind == 1 else (socket.AF_INET6, 16)
    return socket.inet_ntop(family, await reader.readexactly(size))


async def _relay(here: Streams, there: Streams) -> None:
    ended = False
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(_pipe(here[0], there[1]))
            group.create_task(_pipe(there[0], here[1]))
        ended = True
    except* OSError:
        here[1].transport.abort()
    finally:
        if ended:
            there[1].close()
        else:
            there[1].transport.abort()


async def _pipe(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    while data := await source.read(1 << 16):
        target.write(data)
        await target.drain()
    target.write_eof()


@asynccontextmanager
async def small_proxy(kind: str, **options: object) -> AsyncIterator[SmallProxy]:
    """A proxy of this kind, ``http`` or ``socks5``, within the block; options as above."""
    proxy = SmallProxy(kind, **options)  # type: ignore[arg-type]
    async with serving(proxy.serve) as port:
        proxy.port = port
        try:
            yield proxy
        finally:
            await proxy.stop()


@asynccontextmanager
async def serving(
    client: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
) -> AsyncIterator[int]:
    """A port on 127.0.0.1 where this serves each connection."""
    server = await asyncio.start_server(client, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
