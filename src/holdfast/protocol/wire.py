"""Bytes on their way out: in order, each behind the records it depends on (contract 5).

An item is ready-made bytes, or a group of PUBLISH rows that is encoded only when it leaves:
so a row that never left is known as such, and its next PUBLISH is no resend [MQTT-3.3.1-1].
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from holdfast.messages import Outgoing

Group = list[tuple[int, Outgoing]]


class Wire:
    """The queue of one connection; closed until CONNECT, and again from DISCONNECT on."""

    __slots__ = ("_closed", "_encode", "_queue", "_urgent")

    def __init__(self, encode: Callable[[Group, list[bytes]], None]) -> None:
        """``encode`` appends the PUBLISH packets of a group to a list."""
        self._encode = encode
        self._queue: deque[tuple[int, bytes | Group]] = deque()
        self._urgent = b""
        self._closed = True

    def open(self, connect: bytes) -> None:
        """A new connection: CONNECT is the first packet on it [MQTT-3.1.0-1]."""
        self._closed = False
        self.pass_by(connect)

    def put(self, item: bytes | Group, gate: int) -> None:
        """Queue an item that may leave once record number ``gate`` is durable."""
        if not self._closed:
            self._queue.append((gate, item))

    def pass_by(self, data: bytes) -> None:
        """Queue what depends on no record and waits for none (PINGREQ)."""
        self._urgent += data

    def close(self) -> None:
        """Take nothing more: DISCONNECT was the last packet [MQTT-3.14.4-1]."""
        self._closed = True

    def clear(self) -> Group:
        """Close, forget what is queued, and give the rows that never left."""
        self.close()
        stayed = [entry for _, item in self._queue if not isinstance(item, bytes) for entry in item]
        self._queue.clear()
        self._urgent = b""
        return stayed

    def take(self, committed: int) -> bytes:
        """What may leave now, up to the end of a group; the next is for the next write."""
        parts, self._urgent = [self._urgent], b""
        queue = self._queue
        while queue and queue[0][0] <= committed:
            item = queue.popleft()[1]
            if isinstance(item, bytes):
                parts.append(item)
                continue
            before = len(parts)
            self._encode(item, parts)
            if len(parts) > before:  # not one whose rows were all answered meanwhile
                break
        return b"".join(parts)
