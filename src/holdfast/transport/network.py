"""The network of this machine has changed: told by Linux (rtnetlink), so that a dial need not wait.

An address that appears, or a link that comes up, is the first moment at which a broker may be reached
again; the backoff would let up to its cap go by. Elsewhere nothing is told, and nothing breaks.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable

_LINK, _IPV4_ADDRESS, _IPV6_ADDRESS = 0x1, 0x10, 0x100
"""The multicast groups of rtnetlink(7)."""

CALM_S = 1.0
"""Changes come in flocks: at most one is told in so long."""


class NetworkWatch:
    """Calls ``changed`` on the loop it was made on, until ``close``."""

    def __init__(self, changed: Callable[[], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._changed = changed
        self._calm: asyncio.TimerHandle | None = None
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
        if self._calm is None:
            self._tell()

    def _tell(self) -> None:
        self._calm = self._loop.call_later(CALM_S, self._calmed)
        self._changed()

    def _calmed(self) -> None:
        self._calm = None


def _open() -> socket.socket | None:
    family = getattr(socket, "AF_NETLINK", None)
    if family is None:
        return None
    sock = None
    try:
        sock = socket.socket(family, socket.SOCK_RAW | socket.SOCK_NONBLOCK, 0)
        sock.bind((0, _LINK | _IPV4_ADDRESS | _IPV6_ADDRESS))
    except OSError:  # a sandbox may forbid it
        if sock is not None:
            sock.close()
        return None
    return sock
