"""A listening socket on loopback that can stop to listen and keep its port."""

from __future__ import annotations

import socket

_BACKLOG = 1024


class Listener:
    """Bound from the first moment to ``close``; while it is down, connections are refused.

    The port is never given up in between: nobody else can take it, and no client that dials a free
    port of this machine can by chance be given the same port and talk to itself.
    """

    def __init__(self, port: int = 0, host: str = "127.0.0.1") -> None:
        """Raises OSError when the port is taken."""
        self._host = host
        self._keeper = _bound(host, port)
        self.port: int = self._keeper.getsockname()[1]
        self.sock: socket.socket | None = None

    def up(self) -> socket.socket:
        """Listen; gives the socket, new each time, for a selector. Raises OSError when somebody else does."""
        if self.sock is None:
            self.sock = _bound(self._host, self.port, listens=True)
        return self.sock

    def down(self) -> None:
        """Refuse connections, and reset those that nobody has accepted."""
        if self.sock is not None:
            self.sock.close()
            self.sock = None

    def accept(self) -> list[socket.socket]:
        """The connections that wait."""
        accepted: list[socket.socket] = []
        while self.sock is not None:
            try:
                accepted.append(self.sock.accept()[0])
            except (BlockingIOError, ConnectionAbortedError):
                break
        return accepted

    def close(self) -> None:
        """Give up the port."""
        self.down()
        self._keeper.close()


def _bound(host: str, port: int, *, listens: bool = False) -> socket.socket:
    """Two sockets can share a port while at most one of them listens (SO_REUSEADDR on Linux)."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.setblocking(False)
    try:
        sock.bind((host, port))
        if listens:
            sock.listen(_BACKLOG)
    except OSError:
        sock.close()
        raise
    return sock
