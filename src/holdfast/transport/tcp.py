"""TCP and TLS by asyncio."""

from __future__ import annotations

import asyncio
import os
import re
import socket
import ssl
from typing import cast

from holdfast.transport.address import Address
from holdfast.transport.port import Link, LinkUser
from holdfast.transport.tls import TLS

HAPPY_EYEBALLS_S = 0.25
"""A host with several addresses: after this pause the next one is tried beside the first (RFC 8305)."""

# One address needs no race, and asyncio's race drops an open socket when it is cancelled at its end.
_ADDRESS = re.compile(r"[0-9.]+|.*:.*")


class TcpLink(asyncio.Protocol):
    """One TCP connection, TLS on top or not."""

    def __init__(self, user: LinkUser) -> None:
        self._user = user
        self._transport: asyncio.Transport | None = None
        self._ending = False

    # asyncio's side

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        sock = transport.get_extra_info("socket")
        if sock is not None:
            # Without it a small packet waits for the peer's delayed ACK: 124 ms instead of 0.15 ms.
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def data_received(self, data: bytes) -> None:
        self._user.received(data)

    def pause_writing(self) -> None:
        self._user.writable(False)

    def resume_writing(self) -> None:
        self._user.writable(True)

    def eof_received(self) -> None:
        """The peer is done: what we still hold for it would wait for nobody."""
        self.abort()

    def connection_lost(self, error: Exception | None) -> None:
        self._transport = None  # asyncio's raises when it is aborted after it has ended
        self._user.lost(error)

    # our side

    def write(self, data: bytes) -> None:
        """Hand over bytes; never blocks."""
        if self._transport is not None and not self._ending and not self._transport.is_closing():
            self._transport.write(data)

    def read(self, wanted: bool) -> None:
        """Switch reading off or on."""
        if self._transport is None or self._ending or self._transport.is_closing():
            return
        if wanted:
            self._transport.resume_reading()
        else:
            self._transport.pause_reading()

    def close(self) -> None:
        """Write what was handed over and end our side; the link is closed when the peer ends its own.

        Closing a socket with unread bytes resets it, and a reset takes from the peer what it has not
        read yet: our last acknowledgements and the DISCONNECT. TLS has this order of its own.
        """
        if self._transport is None or self._ending or self._transport.is_closing():
            return
        self._ending = True
        if not self._transport.can_write_eof():
            self._transport.close()
            return
        try:
            self._transport.write_eof()
            self._transport.resume_reading()
        except OSError:  # the peer's reset is there, not read yet
            self._transport.abort()

    def abort(self) -> None:
        """Close now."""
        if self._transport is not None:
            self._transport.abort()


async def open_link(address: Address, tls: TLS | ssl.SSLContext | None, user: LinkUser) -> Link:
    """Resolve, connect and shake hands. Raises OSError, ssl.SSLError, ConfigurationError."""
    loop = asyncio.get_running_loop()
    context, server_name = await _tls_of(address, tls)
    try:
        _, link = await loop.create_connection(
            lambda: TcpLink(user),
            address.host,
            address.port,
            ssl=context,
            server_hostname=server_name,
            happy_eyeballs_delay=None if _ADDRESS.fullmatch(address.host) else HAPPY_EYEBALLS_S,
        )
    except OSError as error:
        raise _named(error, context is not None) from error
    return link


def _named(error: OSError, encrypted: bool) -> OSError:
    """The error by its own class, where asyncio has hidden it."""
    if encrypted and isinstance(error, ConnectionResetError | ConnectionAbortedError):
        return ssl.SSLError("the connection ended during the TLS handshake")
    if error.errno is None:
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
