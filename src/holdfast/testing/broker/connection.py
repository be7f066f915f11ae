"""One accepted socket of the test broker: non-blocking, plain or TLS."""

from __future__ import annotations

import contextlib
import socket
import ssl

from holdfast.testing.sockets import reset

READ_BYTES = 1 << 18
BACKLOG_BYTES = 256 << 20
"""What may wait for a client that does not read; beyond it the client is cut off."""


class Gone(Exception):
    """The client is gone."""


class Connection:
    """Reads what is there and sends what it can; ``closing`` from CLOSE until the client hangs up."""

    def __init__(self, sock: socket.socket, id: int, context: ssl.SSLContext | None) -> None:
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.id = id
        self.closing = False
        self._shut = False
        self._waiting = bytearray()
        self._shaking = context is not None
        self.sock = sock
        if context is not None:
            self.sock = context.wrap_socket(sock, server_side=True, do_handshake_on_connect=False)

    def read(self) -> bytes:
        """What has come, empty if nothing has. Raises Gone."""
        try:
            if self._shaking:
                self._shake_hands()
            pieces = [self._receive()]
            while isinstance(self.sock, ssl.SSLSocket) and self.sock.pending():
                pieces.append(self._receive())
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError, BlockingIOError):
            return b""
        except OSError as error:
            raise Gone from error
        return b"" if self.closing else b"".join(pieces)

    def _shake_hands(self) -> None:
        assert isinstance(self.sock, ssl.SSLSocket)
        self.sock.do_handshake()
        self._shaking = False

    def _receive(self) -> bytes:
        data = self.sock.recv(READ_BYTES)
        if not data:
            raise Gone
        return data

    def send(self, data: bytes) -> None:
        """Send it as soon as the client takes it. Raises Gone."""
        if len(self._waiting) > BACKLOG_BYTES:
            raise Gone
        self._waiting += data

    def flush(self) -> bool:
        """Give the kernel what it takes; tells whether anything is left. Raises Gone."""
        try:
            while self._waiting and not self._shaking:
                del self._waiting[: self.sock.send(self._waiting)]
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError, BlockingIOError):
            return True
        except OSError as error:
            raise Gone from error
        if self.closing and not self._shut:
            self._shut = True
            self._hang_up()
        return bool(self._waiting)

    def _hang_up(self) -> None:
        """Say so and go on reading: to close with unread bytes is a reset, and overtakes our last packet."""
        if isinstance(self.sock, ssl.SSLSocket):
            with contextlib.suppress(OSError, ValueError):
                self.sock.unwrap()  # sends the close notification; the answer is not waited for
        with contextlib.suppress(OSError):
            self.sock.shutdown(socket.SHUT_WR)

    def reset(self) -> None:
        """RST: what was on its way is lost."""
        reset(self.sock)

    def close(self) -> None:
        """Let go of the socket."""
        with contextlib.suppress(OSError):
            self.sock.close()
