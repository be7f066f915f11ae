"""Birth and offline notice: messages of the connection, not of the outbox (contract 22).

They say how *we* are, so they go before the backlog and are in no file: a notice of yesterday that is
delivered today is wrong. At QoS 1 one that was not acknowledged is sent again on the next connection
of the session, under its identifier and before the new birth [MQTT-4.4.0-1].
"""

from __future__ import annotations

from holdfast.codec import V5, Puback, Version, encode_publish
from holdfast.messages import Outgoing
from holdfast.protocol.events import Announced, SessionEvent
from holdfast.protocol.ids import PacketIds
from holdfast.protocol.journal import Journal
from holdfast.protocol.wire import Wire

MOST = 8
"""Unacknowledged ones that are carried along; a link that breaks before every PUBACK would add for ever."""


class Announcer:
    """Sends them, and waits for their PUBACK; ``waiting`` holds those without one, in order."""

    def __init__(self, journal: Journal, wire: Wire, ids: PacketIds, tell: list[SessionEvent]) -> None:
        self._journal = journal
        self._wire = wire
        self._ids = ids
        self._tell = tell
        self._version: Version = V5
        self.waiting: dict[int, Outgoing] = {}

    def open(self, version: Version) -> None:
        """A connection begins."""
        self._version = version
        for packet_id in list(self.waiting)[: max(0, len(self.waiting) - MOST)]:
            self._forget(packet_id)

    def resume(self) -> None:
        """The session is there: what was not acknowledged goes again."""
        for packet_id, row in self.waiting.items():
            self._put(row, packet_id, True)

    def restart(self) -> None:
        """The session is gone, and what was said in it."""
        for packet_id in list(self.waiting):
            self._forget(packet_id)

    def announce(self, row: Outgoing) -> None:
        """Say this now, at QoS 0 or 1."""
        if not row.qos:
            self._put(row, 0, False)
            self._tell.append(Announced(row, 0))
            return
        packet_id = self._ids.take()
        self.waiting[packet_id] = row
        self._put(row, packet_id, False)

    def puback(self, packet: Puback) -> bool:
        """Whether this is the answer to one of ours."""
        row = self.waiting.get(packet.packet_id)
        if row is None:
            return False
        self._forget(packet.packet_id)
        self._tell.append(Announced(row, packet.reason))
        return True

    def _forget(self, packet_id: int) -> None:
        del self.waiting[packet_id]
        self._ids.free(packet_id)

    def _put(self, row: Outgoing, packet_id: int, dup: bool) -> None:
        data = encode_publish(
            row.topic, row.payload, row.qos, row.retain, dup, packet_id, row.properties, self._version
        )
        self._wire.put(data, self._journal.gate)
