"""Packet identifiers: given at send, used by one exchange at a time [MQTT-2.2.1-3]."""

from __future__ import annotations

from collections.abc import Sequence

HIGHEST = 65_535


class PacketIds:
    """Which of the 65,535 identifiers are in use, and the next free one."""

    __slots__ = ("_last", "used")

    def __init__(self, last: int = 0) -> None:
        """``last`` is the identifier before the first one to be given."""
        self._last = last
        self.used: set[int] = set()

    def take(self) -> int:
        """The next free identifier. The windows of the session keep one free at all times."""
        used, packet_id = self.used, self._last
        while True:
            packet_id = packet_id + 1 if packet_id < HIGHEST else 1
            if packet_id not in used:
                break
        used.add(packet_id)
        self._last = packet_id
        return packet_id

    def take_many(self, count: int) -> Sequence[int]:
        """As ``take``, for a whole group: a range, where the next ones are all free."""
        ahead = range(self._last + 1, self._last + 1 + count)
        if ahead.stop <= HIGHEST + 1 and self.used.isdisjoint(ahead):
            self.used.update(ahead)
            self._last += count
            return ahead
        return [self.take() for _ in range(count)]

    def free(self, packet_id: int) -> None:
        """The exchange under this identifier has ended."""
        self.used.discard(packet_id)
