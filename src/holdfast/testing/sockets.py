"""How a socket is closed without manners."""

from __future__ import annotations

import contextlib
import socket
import struct

_RESET_ON_CLOSE = struct.pack("ii", 1, 0)  # SO_LINGER: on, for no time at all


def reset(sock: socket.socket) -> None:
    """Close a socket so that the other end sees RST."""
    with contextlib.suppress(OSError):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
    sock.close()
