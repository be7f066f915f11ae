"""Unix domain sockets: a broker on this machine, reached through its file system (unix(7))."""

from __future__ import annotations

import asyncio

from holdfast.transport.failures import UnixFailed
from holdfast.transport.port import Link, LinkUser
from holdfast.transport.stream import StreamLink

_STATUS = {FileNotFoundError: "missing", PermissionError: "denied", ConnectionRefusedError: "refused"}


async def open_unix(path: str, user: LinkUser) -> Link:
    """Connect to the socket of this file. Raises UnixFailed, OSError."""
    try:
        _, link = await asyncio.get_running_loop().create_unix_connection(lambda: StreamLink(user), path)
    except tuple(_STATUS) as error:
        raise UnixFailed(_STATUS[type(error)], error.strerror or "") from error
    return link
