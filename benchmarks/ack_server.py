"""A server that is never the bottleneck: acknowledges everything, keeps nothing, tells what it cost itself.

    python -m benchmarks.ack_server [--port 0] [--window 1000]

Prints one JSON line with its port, then one per connection that has ended: what was received, sent and
acknowledged, and the server's own CPU seconds for it. One thread; one write per read.
"""

from __future__ import annotations

import argparse
import json
import resource
import selectors
import socket
from typing import Any

from benchmarks.ack_packets import ProtocolError
from benchmarks.ack_session import AckSession

_READ_BYTES = 256 * 1024


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
            self._error = f"{type(error).__name__}: {error}"
            return None
        return selectors.EVENT_READ | selectors.EVENT_WRITE if self._waiting else selectors.EVENT_READ

    def _read(self) -> bool:
        chunk = self.sock.recv(_READ_BYTES)
        self._reads += 1
        self._waiting += self.session.receive(chunk)
        return bool(chunk) and not self.session.closed

    def _write(self) -> None:
        while data := self._waiting or self.session.pull():
            try:
                sent = self.sock.send(data)
            except BlockingIOError:
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
            "in_order": stream.in_order if stream else True,
            "reads": self._reads,
            "cpu_user": usage.ru_utime - self._usage.ru_utime,
            "cpu_sys": usage.ru_stime - self._usage.ru_stime,
            "error": self._error,
        }


def serve(listener: socket.socket, window: int) -> None:
    """Until the process is ended."""
    with selectors.DefaultSelector() as selector:
        selector.register(listener, selectors.EVENT_READ)
        while True:
            for key, events in selector.select():
                if key.fileobj is listener:
                    _accept(listener, selector, window)
                else:
                    _turn(key.data, selector, key.events, bool(events & selectors.EVENT_READ))


def _accept(listener: socket.socket, selector: selectors.BaseSelector, window: int) -> None:
    sock, _ = listener.accept()
    sock.setblocking(False)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    selector.register(sock, selectors.EVENT_READ, Connection(sock, window))


def _turn(connection: Connection, selector: selectors.BaseSelector, waited_for: int, readable: bool) -> None:
    wanted = connection.turn(readable)
    if wanted is None:
        selector.unregister(connection.sock)
        connection.sock.close()
        print(json.dumps(connection.report()), flush=True)
    elif wanted != waited_for:
        selector.modify(connection.sock, wanted, connection)


def main() -> None:
    parser = argparse.ArgumentParser(description="acknowledge everything, as cheaply as possible")
    parser.add_argument("--port", type=int, default=0, help="0: a free one, printed")
    parser.add_argument("--window", type=int, default=1000, help="messages in flight to a client, at most")
    options = parser.parse_args()
    with socket.create_server(("127.0.0.1", options.port)) as listener:
        print(json.dumps({"port": listener.getsockname()[1]}), flush=True)
        serve(listener, options.window)


if __name__ == "__main__":
    main()
