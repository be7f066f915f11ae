"""Packet identifiers: given at send, used by one exchange at a time [MQTT-2.2.1-3]."""

from __future__ import annotations

HIGHEST = 65_535


class PacketIds:
    """Which of the 65,535 identifiers are in use, and the next free one."""

    __slots__ = ("_last", "used")

    def __init__(self) -> None:
        self._last = 0
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

    def free(self, packet_id: int) -> None:
        """The exchange under this identifier has ended."""
        self.used.discard(packet_id)
