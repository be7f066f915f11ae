"""The network of this machine has changed: told by Linux (rtnetlink), so that a dial need not wait.

An address that appears, or a link that comes up, is the first moment at which a broker may be reached
again; the backoff would let up to its cap go by. Elsewhere nothing is told, and nothing breaks.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable

_LINK, _IPV4_ADDRESS, _IPV4_ROUTE, _IPV6_ADDRESS, _IPV6_ROUTE = 0x1, 0x10, 0x40, 0x100, 0x400
"""The multicast groups of rtnetlink(7)."""

CALM_S = 1.0
"""Changes come in flocks: the first is told at once, those of the next moment together, behind it."""


class NetworkWatch:
    """Calls ``changed`` on the loop it was made on, until ``close``."""

    def __init__(self, changed: Callable[[], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._changed = changed
        self._calm: asyncio.TimerHandle | None = None
        self._more = False
        self._socket = _open()
        if self._socket is not None:
            self._loop.add_reader(self._socket, self._readable)

    @property
    def works(self) -> bool:
        """Whether this machine tells of changes."""
        return self._socket is not None

    def close(self) -> None:
        """Listen no more."""
        if self._calm is not None:
            self._calm.cancel()
        if self._socket is not None:
            self._loop.remove_reader(self._socket)
            self._socket.close()
            self._socket = None

    def _readable(self) -> None:
        assert self._socket is not None
        try:
            while self._socket.recv(65_536):
                pass
        except OSError:  # nothing more, or more than fitted: a change either way
            pass
        self._more = True
        if self._calm is None:
            self._tell()

    def _tell(self) -> None:
        """The last of a flock counts: a link is up before it has an address, and a route comes last."""
        self._calm = None
        if self._more:
            self._more = False
            self._calm = self._loop.call_later(CALM_S, self._tell)
            self._changed()


def _open() -> socket.socket | None:
    family = getattr(socket, "AF_NETLINK", None)
    if family is None:
        return None
    sock = None
    try:
        sock = socket.socket(family, socket.SOCK_RAW | socket.SOCK_NONBLOCK, 0)
        sock.bind((0, _LINK | _IPV4_ADDRESS | _IPV4_ROUTE | _IPV6_ADDRESS | _IPV6_ROUTE))
    except OSError:  # a sandbox may forbid it
        if sock is not None:
            sock.close()
        return None
    return sock
