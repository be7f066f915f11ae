"""A server that is never the bottleneck: acknowledges everything, keeps nothing, tells what it cost itself.

    python -m benchmarks.ack_server [--port 0] [--window 1000] [--cert FILE --key FILE] [--mute]

Prints one JSON line with its port, then one per connection that has ended: what was received, sent and
acknowledged, and the server's own CPU seconds for it. One thread; one write per read. With a certificate it
speaks TLS; mute, it reads nothing after the CONNECT, like a server that hangs.
"""

from __future__ import annotations

import argparse
import json
import resource
import selectors
import socket
import ssl
from typing import Any, NamedTuple

from benchmarks.ack_packets import ProtocolError
from benchmarks.ack_session import AckSession

_READ_BYTES = 256 * 1024
_HANDSHAKE_S = 10
_SMALL_BUFFER = 4096
"""What a mute server's kernel takes in its place, so that the rest stays with the client."""


class Connection:
    """One client's socket: what does not fit into it waits here, and no more is made meanwhile."""

    def __init__(self, sock: socket.socket, window: int) -> None:
        self.sock = sock
        self.session = AckSession(window)
        self._waiting = b""
        self._error: str | None = None
        self._reads = 0
        self._usage = resource.getrusage(resource.RUSAGE_SELF)

    def turn(self, readable: bool) -> int | None:
        """Read once and write once; returns the events to wait for, None at the end of the connection."""
        try:
            if readable and not self._read():
                return None
            self._write()
        except (ProtocolError, OSError) as error:
            if not self.session.closed:
                self._error = f"{type(error).__name__}: {error}"
            return None
        return selectors.EVENT_READ | selectors.EVENT_WRITE if self._waiting else selectors.EVENT_READ

    def _read(self) -> bool:
        chunk = self._received()
        if chunk is None:
            return True
        self._reads += 1
        self._waiting += self.session.receive(chunk)
        return bool(chunk) and not (self.session.closed and self._parted())

    def _received(self) -> bytes | None:
        """None: TLS has no whole record yet. What it has decrypted the selector does not see: drain it."""
        try:
            chunk = self.sock.recv(_READ_BYTES)
            while isinstance(self.sock, ssl.SSLSocket) and (more := self.sock.pending()):
                chunk += self.sock.recv(more)
        except ssl.SSLWantReadError:
            return None
        return chunk

    def _parted(self) -> bool:
        """TLS ends by a word from either side; closed before the client's has come, it would be reset."""
        if not isinstance(self.sock, ssl.SSLSocket):
            return True
        try:
            self.sock.unwrap()
        except OSError:
            return False
        return True

    def _write(self) -> None:
        while data := self._waiting or self.session.pull():
            try:
                sent = self.sock.send(data)
            except (BlockingIOError, ssl.SSLWantWriteError):
                sent = 0
            self._waiting = data[sent:]
            if self._waiting:
                return

    def report(self) -> dict[str, Any]:
        usage = resource.getrusage(resource.RUSAGE_SELF)
        stream = self.session.stream
        return {
            "published": self.session.published,
            "released": self.session.released,
            "sent": stream.sent if stream else 0,
            "acked": stream.acked if stream else 0,
            "in_order": self.session.numbers.in_order and (stream is None or stream.in_order),
            "reads": self._reads,
            "cpu_user": usage.ru_utime - self._usage.ru_utime,
            "cpu_sys": usage.ru_stime - self._usage.ru_stime,
            "error": self._error,
        }


class Server(NamedTuple):
    listener: socket.socket
    window: int
    context: ssl.SSLContext | None
    """Of a server that speaks TLS."""
    mute: bool

    def accept(self) -> Connection:
        """The TLS handshake is waited for: clients come one by one. Raises OSError."""
        sock, _ = self.listener.accept()
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self.context:
            sock.settimeout(_HANDSHAKE_S)
            sock = self.context.wrap_socket(sock, server_side=True)
        sock.setblocking(False)
        return Connection(sock, self.window)


def serve(server: Server) -> None:
    """Until the process is ended."""
    held = []
    with selectors.DefaultSelector() as selector:
        selector.register(server.listener, selectors.EVENT_READ)
        while True:
            for key, events in selector.select():
                if key.fileobj is server.listener:
                    _accept(server, selector)
                    continue
                _turn(key.data, selector, key.events, bool(events & selectors.EVENT_READ))
                if server.mute:
                    held.append(selector.unregister(key.fileobj))


def _accept(server: Server, selector: selectors.BaseSelector) -> None:
    try:
        connection = server.accept()
    except OSError as error:
        print(json.dumps({"error": f"{type(error).__name__}: {error}"}), flush=True)
    else:
        selector.register(connection.sock, selectors.EVENT_READ, connection)


def _turn(connection: Connection, selector: selectors.BaseSelector, waited_for: int, readable: bool) -> None:
    wanted = connection.turn(readable)
    if wanted is None:
        selector.unregister(connection.sock)
        connection.sock.close()
        print(json.dumps(connection.report()), flush=True)
    elif wanted != waited_for:
        selector.modify(connection.sock, wanted, connection)


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="acknowledge everything, as cheaply as possible")
    parser.add_argument("--port", type=int, default=0, help="0: a free one, printed")
    parser.add_argument("--window", type=int, default=1000, help="messages in flight to a client, at most")
    parser.add_argument("--cert", help="PEM file with the certificate to show, for TLS")
    parser.add_argument("--key", help="PEM file with its key")
    parser.add_argument("--mute", action="store_true", help="read nothing after the CONNECT")
    return parser.parse_args()


def main() -> None:
    given = options()
    context = None
    if given.cert:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(given.cert, given.key)
    with socket.create_server(("127.0.0.1", given.port)) as listener:
        if given.mute:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _SMALL_BUFFER)
        print(json.dumps({"port": listener.getsockname()[1]}), flush=True)
        serve(Server(listener, given.window, context, given.mute))


if __name__ == "__main__":
    main()
