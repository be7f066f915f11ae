"""A link on any stream that asyncio opens: TCP, TLS or a Unix socket."""

from __future__ import annotations

import asyncio
from typing import cast

from holdfast.transport.port import LinkUser

READ_BYTES = 64 * 1024
"""Of one read, at most; asyncio's own way allocates 256 KiB each time, which costs more than the read."""

PEER_GOES_FIRST_S = 0.5
"""How long a closed TLS link waits for the peer to end it, before it says close_notify itself."""


class StreamLink(asyncio.BufferedProtocol):
    """One connection, TLS on top or not."""

    def __init__(self, user: LinkUser) -> None:
        self._user = user
        self._transport: asyncio.Transport | None = None
        self._ending = False
        self._farewell: asyncio.TimerHandle | None = None
        self._buffer = memoryview(bytearray(READ_BYTES))

    # asyncio's side

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        self._user.received(bytes(self._buffer[:nbytes]))

    def pause_writing(self) -> None:
        self._user.writable(False)

    def resume_writing(self) -> None:
        self._user.writable(True)

    def eof_received(self) -> None:
        """The peer is done: what we still hold for it would wait for nobody."""
        self.abort()

    def connection_lost(self, error: Exception | None) -> None:
        self._transport = None  # asyncio's raises when it is aborted after it has ended
        if self._farewell is not None:
            self._farewell.cancel()
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
        read yet: our last acknowledgements and the DISCONNECT. TLS has no half that could be ended:
        asyncio cuts a connection on which bytes come in after close_notify. So the peer goes first
        there, as a broker does when it has read DISCONNECT.
        """
        if self._transport is None or self._ending or self._transport.is_closing():
            return
        self._ending = True
        self._transport.resume_reading()
        if not self._transport.can_write_eof():
            loop = asyncio.get_running_loop()
            self._farewell = loop.call_later(PEER_GOES_FIRST_S, self._transport.close)
            return
        try:
            self._transport.write_eof()
        except OSError:  # the peer's reset is there, not read yet
            self._transport.abort()

    def abort(self) -> None:
        """Close now."""
        if self._transport is not None:
            self._transport.abort()
