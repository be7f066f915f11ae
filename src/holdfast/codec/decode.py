"""Bytes to packets: the framing, and the packets that come by the thousand.

One loop runs over each chunk with offsets into it; nothing is copied but topics and payloads. It
keeps PUBLISH and the four acknowledgements in its own body, because a function call per message costs
as much as parsing one. Everything rare goes through a table of functions (``codec.parse``).
"""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from typing import Any

from holdfast import reasons
from holdfast.codec.connect import read_version
from holdfast.codec.errors import MalformedPacket, protocol_error
from holdfast.codec.oversize import PastReader
from holdfast.codec.packet_types import CONNECT, NAMES, first_byte
from holdfast.codec.packets import (
    QOS,
    V5,
    Packet,
    Puback,
    Pubcomp,
    Publish,
    Pubrec,
    Pubrel,
    Version,
)
from holdfast.codec.parse import parse, parser_of
from holdfast.codec.remembered import Remembered
from holdfast.codec.runs import read_run
from holdfast.codec.wire import identifier_of, read_remaining
from holdfast.messages import NO_PROPERTIES, Properties, QoS

# First byte → (QoS, retain, dup). Absent: both QoS bits set [MQTT-3.3.1-4], DUP with QoS 0 [MQTT-3.3.1-2].
_PUBLISH = {
    0x30 | dup << 3 | qos << 1 | retain: (qos, bool(retain), bool(dup))
    for qos in QOS
    for retain in (0, 1)
    for dup in (0, 1)
    if qos or not dup
}

_CONNECT = first_byte(CONNECT)

_ACKS: dict[int, type[Puback] | type[Pubrec] | type[Pubrel] | type[Pubcomp]] = {
    0x40: Puback,
    0x50: Pubrec,
    0x62: Pubrel,
    0x70: Pubcomp,
}


class Decoder:
    """The packets of one connection, in either direction.

    ``version`` may be set at any time; a CONNECT sets it. ``max_packet_bytes`` bounds a whole packet.
    ``publish`` makes the packet of a PUBLISH from topic, payload, QoS, retain, DUP, packet identifier
    and properties. ``runs``: plain acknowledgements come as one AckRun for those that follow each other.
    Between two calls it holds at most that many bytes (an eighth more while it grows).
    """

    __slots__ = (
        "_dead",
        "_header",
        "_missing",
        "_partial",
        "_past",
        "_publish",
        "_remembered",
        "_runs",
        "max_packet_bytes",
        "version",
    )

    def __init__(
        self,
        version: Version = V5,
        max_packet_bytes: int = 16 << 20,
        *,
        publish: Callable[[str, bytes, QoS, bool, bool, int, Properties], Any] = Publish,
        runs: bool = False,
    ) -> None:
        self.version = version
        self.max_packet_bytes = max_packet_bytes
        self._publish = publish
        self._runs = runs
        self._header = b""  # of a fixed header that has not come whole: at most four bytes
        self._partial: BytesIO | None = None  # of a packet whose size is known ...
        self._missing = 0  # ... and what it still lacks
        self._past: PastReader | None = None
        self._remembered = Remembered()
        self._dead: tuple[str, int] | None = None

    def feed(self, data: bytes, out: list[Packet]) -> None:
        """Append every packet that is complete now to ``out``.

        Raises MalformedPacket, from then on at every call; what came before the error is in ``out``.
        """
        if self._dead is not None:
            sentence, reason = self._dead
            raise MalformedPacket(sentence, reason=reason)
        try:
            pos = 0
            if self._partial is not None:
                pos = self._complete(self._partial, data, out)
            elif self._past is not None:
                pos = self._read_past(self._past, data, 0, out)
            elif self._header:
                data = self._header + data
                self._header = b""
            if pos < len(data):
                self._parse(data, pos, out)
        except MalformedPacket as error:
            # The facts, not the error: its traceback would keep the bytes in memory.
            self._dead = (str(error), error.reason)
            self._partial = self._past = None
            self._remembered = Remembered()
            raise

    def _complete(self, partial: BytesIO, data: bytes, out: list[Packet]) -> int:
        """Take from the chunk what the packet lacks, and no more: so the rest is parsed in place."""
        if len(data) < self._missing:
            partial.write(data)
            self._missing -= len(data)
            return len(data)
        pos = self._missing
        partial.write(data[:pos])
        self._partial = None
        # getvalue() hands over the buffer itself: a big packet is in memory once, plus its payload.
        self._parse(partial.getvalue(), 0, out)
        return pos

    def _read_past(self, past: PastReader, data: bytes, pos: int, out: list[Packet]) -> int:
        pos = past.read(data, pos)
        self._past = past if past.left else None
        if not past.left:
            out.append(past.packet())
        return pos

    def _parse(self, data: bytes, pos: int, out: list[Packet]) -> None:  # noqa: C901  # see the module
        size = len(data)
        limit = self.max_packet_bytes
        v5 = self.version == V5
        topics = self._remembered.topics
        append, publish = out.append, self._publish
        while pos + 1 < size:
            first = data[pos]
            length = data[pos + 1]
            body = pos + 2
            if length > 0x7F:
                length, body = read_remaining(data, body, size, length)
                if not body:
                    break
            end = body + length
            if end - pos > limit:
                pos = self._oversize(data, pos, body, end, out)
                continue
            if end > size:
                self._keep(data, pos, end)
                return
            flags = _PUBLISH.get(first)
            if flags is not None:
                qos, retain, dup = flags
                start = body + 2
                stop = start + (data[body] << 8 | data[body + 1]) if length > 1 else end
                at = stop + 2 if qos else stop
                if at > end or length < 2:
                    raise MalformedPacket("PUBLISH ends before its topic or its packet identifier does")
                packet_id = data[stop] << 8 | data[stop + 1] if qos else 0
                if qos and not packet_id:
                    raise protocol_error("PUBLISH with the packet identifier 0 [MQTT-2.2.1-3]")
                raw = data[start:stop]
                topic = topics.get(raw)
                if topic is None:
                    # In 5 a topic alias may stand for it.
                    topic = self._remembered.topic(raw) if raw or not v5 else ""
                properties = NO_PROPERTIES
                if v5:
                    if at < end and not data[at]:
                        at += 1
                    else:
                        properties, at = self._remembered.section(data, at, end)
                    if not raw and "topic_alias" not in properties:
                        raise protocol_error("PUBLISH with neither topic nor topic alias (MQTT 5 §3.3.2.1)")
                append(publish(topic, data[at:end], qos, retain, dup, packet_id, properties))
            elif length == 2 and first in _ACKS and self._runs:
                run, end = read_run(data, pos)
                append(run)
            elif length == 2 and first in _ACKS:
                packet_id = data[body] << 8 | data[body + 1] or identifier_of(data, body, NAMES[first >> 4])
                append(_ACKS[first](packet_id, 0, NO_PROPERTIES))
            else:
                append(self._rare(first, data, body, end))
                v5 = self.version == V5
            pos = end
        self._header = data[pos:]

    def _keep(self, data: bytes, pos: int, end: int) -> None:
        if data[pos] not in _PUBLISH:
            parser_of(data[pos], self.version)  # what is no MQTT may never send the rest
        self._partial = BytesIO()
        self._partial.write(memoryview(data)[pos:])
        self._missing = end - len(data)

    def _rare(self, first: int, data: bytes, body: int, end: int) -> Packet:
        if first == _CONNECT:
            # Known even if the rest is malformed: the answer must be of that version.
            self.version = read_version(data, body, end)
        return parse(first, data, body, end, self.version)

    def _oversize(self, data: bytes, pos: int, body: int, end: int, out: list[Packet]) -> int:
        """5 announced its limit, so the sender broke it; 3.1.1 cannot say one and reads past."""
        flags = _PUBLISH.get(data[pos])
        if self.version == V5 or flags is None:
            raise MalformedPacket(
                f"{NAMES[data[pos] >> 4]} of {end - pos} bytes, the limit is {self.max_packet_bytes}",
                reason=reasons.PACKET_TOO_LARGE,
            )
        return self._read_past(PastReader(flags[0], end - body, end - pos), data, body, out)
