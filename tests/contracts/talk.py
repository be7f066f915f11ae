"""Raw conversations: what several connections send to a broker, and what each of them gets back.

Nothing here knows a session or answers by itself: a script says every packet. After each of them all
connections are asked with PINGREQ whether more has come, so no script waits for a time.
"""

from __future__ import annotations

import contextlib
import socket
from typing import Any

from holdfast.codec import (
    V5,
    Connect,
    Decoder,
    Disconnect,
    Packet,
    Pingreq,
    Pingresp,
    Version,
    Will,
    encode,
)

LIMIT_S = 10

CLOSED = "closed"
"""How the transcript shows that the broker has hung up."""

Transcript = dict[str, list[Packet | str]]


class RawClient:
    """A blocking socket with a codec."""

    def __init__(self, port: int, version: Version) -> None:
        self.sock = socket.create_connection(("127.0.0.1", port), LIMIT_S)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.version = version
        self.heard: list[Packet | str] = []
        self._decoder = Decoder(version)
        self._unread: list[Packet] = []

    @property
    def is_open(self) -> bool:
        """Whether neither side has hung up."""
        return self.sock.fileno() >= 0

    def send(self, *packets: Packet | bytes) -> None:
        """Packets in one write; bytes go as they are."""
        parts = [packet if isinstance(packet, bytes) else encode(packet, self.version) for packet in packets]
        self.sock.sendall(b"".join(parts))

    def read(self) -> Packet | str:
        """The next packet, or CLOSED."""
        while not self._unread:
            try:
                data = self.sock.recv(65_536)
            except ConnectionResetError:
                data = b""
            if not data:
                self.sock.close()
                return CLOSED
            self._decoder.feed(data, self._unread)
        return self._unread.pop(0)

    def settle(self) -> None:
        """Note all that the broker has sent before it answers a ping."""
        with contextlib.suppress(OSError):  # it has hung up: what it said before is still to be read
            self.send(Pingreq())
        while self.is_open:
            packet = self.read()
            if isinstance(packet, Pingresp):
                return
            self.heard.append(packet)

    def close(self) -> None:
        """Hang up without DISCONNECT."""
        self.sock.close()


class Talk:
    """One script on one broker; ``transcript`` is what each connection heard."""

    def __init__(self, port: int, version: Version) -> None:
        self.version = version
        self.is_v5 = version == V5
        self._port = port
        self._clients: dict[str, RawClient] = {}

    @property
    def transcript(self) -> Transcript:
        """By the connection's name in the script."""
        return {name: client.heard for name, client in self._clients.items()}

    def link(self, name: str) -> None:
        """Open a connection and say nothing."""
        self._clients[name] = RawClient(self._port, self.version)

    def connect(
        self,
        name: str,
        client_id: str | None = None,
        *,
        clean: bool = True,
        kept: bool = False,
        will: Will | None = None,
        keepalive: int = 60,
        **properties: Any,
    ) -> None:
        """Open a connection and send CONNECT. ``kept``: the session outlives the connection."""
        if kept and self.is_v5:
            properties["session_expiry_interval"] = 3600
        client_id = name if client_id is None else client_id
        packet = Connect(
            client_id,
            clean and (self.is_v5 or not kept),
            keepalive,
            will=will,
            properties=properties if self.is_v5 else {},
            version=self.version,
        )
        self.link(name)
        self._clients[name].send(packet)
        self._clients[name].heard.append(self._clients[name].read())
        self.settle()

    def send(self, name: str, *packets: Packet | bytes) -> None:
        """Send, and note what everyone hears of it."""
        self._clients[name].send(*packets)
        self.settle(first=name)

    def settle(self, first: str | None = None) -> None:
        """The sender first: when it has its answer, the broker has done the work; then all the others."""
        names = [first] if first else []
        for name in [*names, *self._clients, *self._clients]:
            client = self._clients[name]
            if client.is_open:
                client.settle()

    def cut(self, name: str) -> None:
        """Hang up without a word."""
        self._clients[name].close()

    def leave(self, name: str, reason: int = 0, **properties: Any) -> None:
        """Say DISCONNECT and hang up when the broker has done so."""
        client = self._clients[name]
        client.send(Disconnect(reason, properties if self.is_v5 else {}))
        while client.is_open:
            client.heard.append(client.read())
        self.settle()

    def until_heard(self, name: str, count: int) -> None:
        """Wait for this many packets in all: for what takes time (a will after a cut)."""
        client = self._clients[name]
        while client.is_open and len(client.heard) < count:
            client.heard.append(client.read())

    def close(self) -> None:
        """Hang up everywhere."""
        for client in self._clients.values():
            client.close()
