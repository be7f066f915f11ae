"""Reading past a 3.1.1 PUBLISH that is larger than the limit.

3.1.1 has no way to announce a limit, and closing the connection would only make the server send the
same retained giant again. So it is read past, and its topic and packet identifier are told: that is
what an acknowledgement and a dead letter need.
"""

from __future__ import annotations

from holdfast.codec.errors import MalformedPacket
from holdfast.codec.packets import OversizePublish
from holdfast.codec.wire import identifier_of, topic_of
from holdfast.messages import QoS


class PastReader:
    """Keeps the head of one PUBLISH and counts the rest; ``left`` is what is still to come."""

    __slots__ = ("_head", "_length", "_qos", "_size", "_wanted", "left")

    def __init__(self, qos: QoS, length: int, size: int) -> None:
        """``length`` is the remaining length, ``size`` the whole packet."""
        self.left = length
        self._length = length
        self._qos = qos
        self._size = size
        self._head = bytearray()
        self._want(2)

    def read(self, data: bytes, pos: int) -> int:
        """Take what belongs to the packet; gives the position behind it. Raises MalformedPacket."""
        stop = min(len(data), pos + self.left)
        self.left -= stop - pos
        while pos < stop and len(self._head) < self._wanted:
            piece = data[pos : min(stop, pos + self._wanted - len(self._head))]
            self._head += piece
            pos += len(piece)
            if len(self._head) == 2:
                self._want(2 + int.from_bytes(self._head, "big") + (2 if self._qos else 0))
        return stop

    def _want(self, size: int) -> None:
        if size > self._length:
            raise MalformedPacket("PUBLISH ends before its topic or its packet identifier does")
        self._wanted = size

    def packet(self) -> OversizePublish:
        """What is known of the PUBLISH once nothing is left. Raises MalformedPacket."""
        head = bytes(self._head)
        stop = self._wanted - (2 if self._qos else 0)
        packet_id = identifier_of(head, stop, "PUBLISH") if self._qos else 0
        return OversizePublish(topic_of(head[2:stop], "PUBLISH"), self._qos, packet_id, self._size)
