"""What the ack server sends: n PUBLISH packets made by patching identifiers into a prebuilt block.

A client orders its stream by subscribing to `bench/<n>/<qos>/<size>/<filters>`. With one filter the messages
carry that topic; with more they go round over `many/00000`, `many/00001` and so on, to all of which it has
subscribed before. After the last of them has been acknowledged (QoS 0: sent) one more message of QoS 0 says
so, under the topic of the order: a client that has it knows that all its acknowledgements have arrived, and
may stop its clock.
"""

from __future__ import annotations

from typing import NamedTuple

from benchmarks.ack_packets import varint

DONE = b"done"
_LARGEST_ID = 65_535
_WRITE_BYTES = 256 * 1024

# Packet identifiers 1 to 65,535 as columns of high and low bytes, twice over: a slice may pass the end.
_HIGH = bytes(i >> 8 for i in range(1, _LARGEST_ID + 1)) * 2
_LOW = bytes(i & 0xFF for i in range(1, _LARGEST_ID + 1)) * 2


class Order(NamedTuple):
    topic: bytes
    messages: int
    qos: int
    payload_bytes: int
    filters: int

    @property
    def topics(self) -> list[bytes]:
        """Of the messages, all of one length."""
        return [self.topic] if self.filters == 1 else [b"many/%05d" % i for i in range(self.filters)]


def parse_order(topic: bytes) -> Order | None:
    """The order a topic filter stands for, if it is one."""
    parts = topic.split(b"/")
    if len(parts) != 5 or parts[0] != b"bench" or not all(part.isdigit() for part in parts[1:]):
        return None
    messages, qos, payload_bytes, filters = map(int, parts[1:])
    return Order(topic, messages, qos, payload_bytes, filters) if qos < 3 and filters else None


class Stream:
    """Sends in the order of the identifiers and never more than `window` unacknowledged messages.

    It refills when half the window is free: a client that acknowledges one by one is not sent one by one, so
    the server stays cheap, and with the other half in flight the client never waits for it.
    """

    def __init__(self, order: Order, properties: bytes | None, window: int) -> None:
        """`properties` of each PUBLISH, those of the order; None: MQTT 3.1.1, which has none."""
        self._order = order
        self._window = window
        self._refill = window - window // 2
        block = b"" if properties is None else varint(len(properties)) + properties
        after = (b"\0\0" if order.qos else b"") + block
        frames = [_publish(order.qos, topic, after, b"x" * order.payload_bytes) for topic in order.topics]
        self._done_frame = _publish(0, order.topic, block, DONE)
        self._length = len(frames[0])
        self._id_at = frames[0].index(order.topics[0]) + len(order.topics[0])
        self._most = max(1, _WRITE_BYTES // self._length)
        self._round = len(frames)
        # From any place in the first round on, as many frames as one write takes.
        once = b"".join(frames)
        self._block = once * (1 + -(-min(self._most, order.messages) // self._round))
        self.sent = 0
        self.acked = 0
        self.in_order = True
        """Acknowledgements came in the order of the messages [MQTT-4.6.0-2]."""
        self.done = False

    def acknowledged(self, high: bytes, low: bytes) -> None:
        """PUBACK or PUBCOMP for these identifiers, given as columns."""
        first = self.acked % _LARGEST_ID
        self.acked += len(high)
        expected = slice(first, first + len(high))
        self.in_order = self.in_order and high == _HIGH[expected] and low == _LOW[expected]

    def pull(self) -> bytes:
        """The next block to write; empty while the window is too full, and at the end."""
        count = min(self._order.messages - self.sent, self._most, self._room())
        if count > 0:
            return self._messages(count)
        finished = self.sent == self._order.messages and (self._order.qos == 0 or self.acked == self.sent)
        if finished and not self.done:
            self.done = True
            return self._done_frame
        return b""

    def _room(self) -> int:
        if self._order.qos == 0:
            return self._most
        in_flight = self.sent - self.acked
        room = self._window - in_flight
        return room if room >= self._refill else 0

    def _messages(self, count: int) -> bytes:
        length, at = self._length, self.sent % self._round * self._length
        first = self.sent % _LARGEST_ID
        self.sent += count
        if self._order.qos == 0:
            return self._block[at : at + count * length]
        block = bytearray(memoryview(self._block)[at : at + count * length])
        block[self._id_at :: length] = _HIGH[first : first + count]
        block[self._id_at + 1 :: length] = _LOW[first : first + count]
        return bytes(block)


def _publish(qos: int, topic: bytes, after_topic: bytes, payload: bytes) -> bytes:
    body = len(topic).to_bytes(2, "big") + topic + after_topic + payload
    return bytes([0x30 | qos << 1]) + varint(len(body)) + body
