"""TCP and TLS by asyncio, directly or through a proxy."""

from __future__ import annotations

import asyncio
import os
import re
import socket
import ssl
from typing import TYPE_CHECKING

from holdfast.transport.address import Address
from holdfast.transport.port import Link, LinkUser
from holdfast.transport.stream import StreamLink
from holdfast.transport.tls import TLS

if TYPE_CHECKING:
    from holdfast.transport.proxy_address import ProxyAddress

HAPPY_EYEBALLS_S = 0.25
"""A host with several addresses: after this pause the next one is tried beside the first (RFC 8305)."""

# One address needs no race, and asyncio's race drops an open socket when it is cancelled at its end.
_ADDRESS = re.compile(r"[0-9.]+|.*:.*")


class TcpLink(StreamLink):
    """One TCP connection, TLS on top or not."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        sock = transport.get_extra_info("socket")
        if sock is not None:
            # Without it a small packet waits for the peer's delayed ACK: 124 ms instead of 0.15 ms.
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


async def open_tcp(
    address: Address, tls: TLS | ssl.SSLContext | None, user: LinkUser, proxy: ProxyAddress | None = None
) -> Link:
    """Resolve, connect and shake hands. Raises OSError, ssl.SSLError, ConfigurationError."""
    context, server_name = await _tls_of(address, tls)
    try:
        if proxy is None:
            return await _direct(address, context, server_name, user)
        return await _through(proxy, address, context, server_name, user)
    except OSError as error:
        raise _named(error, context is not None) from error


async def _direct(
    address: Address, context: ssl.SSLContext | None, server_name: str | None, user: LinkUser
) -> Link:
    _, link = await asyncio.get_running_loop().create_connection(
        lambda: TcpLink(user),
        address.host,
        address.port,
        ssl=context,
        server_hostname=server_name,
        happy_eyeballs_delay=None if _ADDRESS.fullmatch(address.host) else HAPPY_EYEBALLS_S,
    )
    return link


async def _through(
    proxy: ProxyAddress,
    address: Address,
    context: ssl.SSLContext | None,
    server_name: str | None,
    user: LinkUser,
) -> Link:
    from holdfast.transport.proxy import connect

    sock = await connect(proxy, address.host, address.port)
    _, link = await asyncio.get_running_loop().create_connection(
        lambda: TcpLink(user), sock=sock, ssl=context, server_hostname=server_name
    )
    return link


def _named(error: OSError, encrypted: bool) -> OSError:
    """The error by its own class, where asyncio has hidden it."""
    if encrypted and isinstance(error, ConnectionResetError | ConnectionAbortedError):
        return ssl.SSLError(ssl.SSL_ERROR_EOF, "the connection ended during the TLS handshake")
    if type(error) is OSError and error.errno is None:
        # Several addresses failed: asyncio joins their texts into one plain OSError.
        numbers = re.findall(r"\[Errno (\d+)\]", str(error))
        if numbers:
            number = int(numbers[-1])
            return OSError(number, os.strerror(number))
    return error


async def _tls_of(
    address: Address, tls: TLS | ssl.SSLContext | None
) -> tuple[ssl.SSLContext | None, str | None]:
    if not address.encrypted:
        return None, None
    host = address.host.partition("%")[0]  # a certificate knows no zone
    if isinstance(tls, ssl.SSLContext):
        return tls, host
    options = tls or TLS()
    # Reading CA bundles takes milliseconds: not on the event loop.
    context = await asyncio.to_thread(options.context)
    return context, options.server_name or host
