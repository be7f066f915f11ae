"""Load through a real broker: publishes as fast as mosquitto takes it, in prebuilt blocks, on a plain socket.

    python -m benchmarks.feeder feed PORT TOPIC QOS MESSAGES PAYLOAD_BYTES
    python -m benchmarks.feeder count PORT TOPIC MESSAGES

`feed` waits for a message to GO, then keeps a window of messages under way until all are acknowledged.
`count` is the witness of a publishing client: subscribed at QoS 0, it says how many messages came. Both print
one line when they listen, `ready`, and one when they have finished, with their count.
"""

from __future__ import annotations

import socket
import sys

from benchmarks.ack_packets import varint
from benchmarks.ack_session import AckSession
from benchmarks.ack_stream import Order, Stream
from benchmarks.clients.common import GO, LIMIT_S, STALL_S

WINDOW = 400
"""Messages mosquitto has not acknowledged yet: enough that it always has some to deliver."""

_READ_BYTES = 64 * 1024


class Peer:
    """A connection to mosquitto whose acknowledgements and messages are counted in runs, not one by one."""

    def __init__(self, port: int, name: bytes) -> None:
        self.sock = socket.create_connection(("127.0.0.1", port), LIMIT_S)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._send(0x10, b"\0\x04MQTT\x05\x02\0\0\0" + len(name).to_bytes(2, "big") + name)
        self._expect(0x20)

    def subscribe(self, topic: str) -> None:
        name = topic.encode()
        self._send(0x82, b"\0\x01\0" + len(name).to_bytes(2, "big") + name + b"\0")
        self._expect(0x90)

    def wait(self) -> None:
        """For any one message."""
        self._expect(0x30)

    def chunk(self) -> bytes:
        """What has come, waited for."""
        data = self.sock.recv(_READ_BYTES)
        if not data:
            raise SystemExit("feeder: mosquitto has hung up")
        return data

    def _send(self, header: int, body: bytes) -> None:
        self.sock.sendall(bytes([header]) + varint(len(body)) + body)

    def _expect(self, header: int) -> None:
        packet = self.chunk()
        if packet[:1] != bytes([header]):
            raise SystemExit(f"feeder: expected packet 0x{header:02x}, got {packet[:16].hex()}")


def feed(port: int, topic: str, qos: int, messages: int, payload_bytes: int) -> int:
    peer = Peer(port, b"feeder")
    peer.subscribe(GO)
    print("ready", flush=True)
    peer.wait()
    order = Order(topic.encode(), messages, max(qos, 1), payload_bytes, 1)
    session = AckSession(WINDOW)
    session.stream = stream = Stream(order, b"", WINDOW)
    while stream.acked < messages:
        while block := stream.pull():
            peer.sock.sendall(block)
        if answers := session.receive(peer.chunk()):
            peer.sock.sendall(answers)
    return stream.acked


def count(port: int, topic: str, messages: int) -> int:
    """Until all have come, or none for a while."""
    peer = Peer(port, b"witness")
    peer.subscribe(topic)
    print("ready", flush=True)
    session = AckSession(WINDOW)
    try:
        while session.published[0] < messages:
            session.receive(peer.chunk())
            peer.sock.settimeout(STALL_S)
    except TimeoutError:
        pass
    return session.published[0]


def main() -> None:
    role, port, topic, *numbers = sys.argv[1:]
    act = feed if role == "feed" else count
    print(act(int(port), topic, *map(int, numbers)), flush=True)


if __name__ == "__main__":
    main()
