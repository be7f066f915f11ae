"""One connection of the ack server: bytes in, bytes out, no socket.

The theory. A benchmark sends runs of packets that differ only in their packet identifiers. Let the first
packet of a run take L bytes. If the bytes that say how long a packet is (fixed header, remaining length,
topic length) are the same at p + L as at p, then a packet of the same length and kind begins at p + L, and
so on by induction. So a run is found by comparing columns, `data[p + j::L]`, and its identifiers are two
more columns, which are laid into a prebuilt block of answers. All of it happens in C, a few nanoseconds per
message; no packet becomes an object.

Whatever is not a run is a run of one, so nothing has to be guessed: packets of any kind and length may be
mixed.
"""

from __future__ import annotations

from typing import NamedTuple

from benchmarks.ack_numbers import TOPIC, Numbers
from benchmarks.ack_packets import (
    LARGEST_RECEIVE_MAXIMUM,
    ProtocolError,
    count_filters,
    read_connect,
    read_subscribe,
    read_varint,
)
from benchmarks.ack_stream import Stream, parse_order

_NUMBERED = TOPIC.encode()

CONNECT, PUBLISH, PUBACK, PUBREC, PUBREL, PUBCOMP = 1, 3, 4, 5, 6, 7
SUBSCRIBE, UNSUBSCRIBE, PINGREQ, DISCONNECT = 8, 10, 12, 14

# What a run of these packets is answered with; nothing: the packet ends an exchange that we began.
_ANSWER = {PUBREC: b"\x62\x02\0\0", PUBREL: b"\x70\x02\0\0", PUBACK: b"", PUBCOMP: b""}
_ANSWER_TO_PUBLISH = {0: b"", 1: b"\x40\x02\0\0", 2: b"\x50\x02\0\0"}


class Run(NamedTuple):
    """Packets of one kind and length that follow each other."""

    data: bytes
    start: int
    body: int
    """Position after the fixed header of the first one."""
    length: int
    """Of each, fixed header included."""
    packets: int

    def column(self, at: int) -> bytes:
        return self.data[at : self.start + self.packets * self.length : self.length]


class AckSession:
    """Answers one client; what it has counted is read from its attributes at the end."""

    def __init__(self, window: int) -> None:
        self._window = window
        self._rest = b""
        self._version = 0
        self._receive_maximum = LARGEST_RECEIVE_MAXIMUM
        self.published = [0, 0, 0]
        """PUBLISH packets received, by QoS."""
        self.released = 0
        """PUBREL packets received."""
        self.stream: Stream | None = None
        self.numbers = Numbers()
        self.closed = False

    def receive(self, chunk: bytes) -> bytes:
        """Everything the chunk calls for, as one block for one write. Raises ProtocolError."""
        data = self._rest + chunk if self._rest else chunk
        out: list[bytes | bytearray] = []
        at, end = 0, len(data)
        while (body := _body(data, at, end)) and (length := body[1] - at) <= end - at:
            kind = data[at] >> 4
            if kind == PUBLISH or kind in _ANSWER:
                run = _run(data, at, body[0], length, 2 if kind == PUBLISH else 0)
                out.append(self._published(run) if kind == PUBLISH else self._acknowledged(kind, run))
                at += run.packets * length
            else:
                out.append(self._single(kind, data, body[0], body[1]))
                at += length
        self._rest = data[at:]
        return b"".join(out)

    def pull(self) -> bytes:
        """The next piece of the stream this client has asked for, as far as its window allows."""
        return self.stream.pull() if self.stream else b""

    def _published(self, run: Run) -> bytes | bytearray:
        qos = run.data[run.start] >> 1 & 3
        self.published[qos] += run.packets
        if qos == 0:
            return b""
        topic_length = int.from_bytes(run.data[run.body : run.body + 2], "big")
        after_topic = run.body + 2 + topic_length
        if run.data[run.body + 2 : after_topic] == _NUMBERED:
            payload = after_topic + (3 if self._version == 5 else 2)  # an identifier, and no properties
            self.numbers.came(run.data, payload, run.length, run.packets)
        return _answers(_ANSWER_TO_PUBLISH[qos], run, after_topic)

    def _acknowledged(self, kind: int, run: Run) -> bytes | bytearray:
        if run.start + run.length > run.body + 2 and max(run.column(run.body + 2)) >= 0x80:
            raise ProtocolError("the client refused a message")
        if kind == PUBREL:
            self.released += run.packets
        elif self.stream is None:
            raise ProtocolError("the client acknowledged a message that it was never sent")
        elif kind != PUBREC:
            self.stream.acknowledged(run.column(run.body), run.column(run.body + 1))
        return _answers(_ANSWER[kind], run, run.body)

    def _single(self, kind: int, data: bytes, body: int, end: int) -> bytes:
        if kind == CONNECT:
            self._version, self._receive_maximum = read_connect(data, body)
            return b"\x20\x03\0\0\0" if self._version == 5 else b"\x20\x02\0\0"
        if kind == SUBSCRIBE:
            return self._subscribed(data, body, end)
        if kind == UNSUBSCRIBE:
            codes = bytes(count_filters(data, body, end, self._version)) if self._version == 5 else b""
            return _reply(0xB0, data[body : body + 2], self._version, codes)
        if kind == PINGREQ:
            return b"\xd0\0"
        if kind == DISCONNECT:
            self.closed = True
            return b""
        raise ProtocolError(f"no answer to packet type {kind}")

    def _subscribed(self, data: bytes, body: int, end: int) -> bytes:
        packet = read_subscribe(data, body, end, self._version)
        for name, qos in packet.filters:
            if order := parse_order(name):
                window = min(self._window, self._receive_maximum)
                properties = packet.subscription_id if self._version == 5 else None
                self.stream = Stream(order._replace(qos=min(qos, order.qos)), properties, window)
        granted = bytes(qos for _, qos in packet.filters)
        return _reply(0x90, packet.packet_id, self._version, granted)


def _body(data: bytes, at: int, end: int) -> tuple[int, int] | None:
    """Where the body of the packet at `at` begins and ends; None: its fixed header is not all here yet."""
    for last in range(at + 1, min(at + 5, end)):
        if data[last] < 0x80:
            length, start = read_varint(data, at + 1)
            return start, start + length
    if end - at >= 5:
        raise ProtocolError("a remaining length of more than four bytes")
    return None


def _run(data: bytes, at: int, body: int, length: int, more: int) -> Run:
    """The packets from `at` on that share the bytes of the fixed header and `more` bytes after it."""
    count = (len(data) - at) // length
    for column in range(at, min(body + more, at + length)):
        if count > 1:
            count = _alike(data[column : at + count * length : length])
    return Run(data, at, body, length, count)


def _alike(column: bytes) -> int:
    """How many bytes from the first on are the same."""
    first = column[:1]
    return len(column) if column == first * len(column) else len(column) - len(column.lstrip(first))


def _answers(answer: bytes, run: Run, packet_id: int) -> bytes | bytearray:
    """One answer per packet, its identifier patched in; `packet_id` is where the first one stands."""
    if not answer:
        return b""
    block = bytearray(answer) * run.packets
    block[2::4] = run.column(packet_id)
    block[3::4] = run.column(packet_id + 1)
    return block


def _reply(header: int, packet_id: bytes, version: int, codes: bytes) -> bytes:
    """SUBACK or UNSUBACK (up to 124 codes)."""
    body = packet_id + (b"\0" if version == 5 else b"") + codes
    return bytes([header, len(body)]) + body
