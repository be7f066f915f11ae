"""QoS 2 from the broker, where others remember the identifiers, too (contract 5).

A sink that keeps identifiers beside its rows must have forgotten one before the broker gives it to another
message, or it would swallow that message. So PUBREL is told, and PUBCOMP waits:

    PUBREL ──▶ ReleaseAsked ──complete()──▶ Forgotten, PUBCOMP

The identifier stays known meanwhile. A question ends with its connection; on the next one the broker asks
again, and only the question that was asked last can be answered.
"""

from __future__ import annotations

from holdfast.codec import Pubrel, Pubrels
from holdfast.protocol.events import SessionEvent
from holdfast.protocol.journal import Journal
from holdfast.protocol.receiver import Receiver
from holdfast.protocol.records import Restored
from holdfast.protocol.release import ReleaseAsked
from holdfast.protocol.wire import Wire


class Holding(Receiver):
    """The receiving half of a session that answers no PUBREL by itself."""

    def __init__(self, journal: Journal, wire: Wire, tell: list[SessionEvent], restored: Restored) -> None:
        super().__init__(journal, wire, tell, restored)
        self._asked: dict[int, ReleaseAsked] = {}

    def halt(self) -> None:
        """The connection ends, and with it what the broker asked on it."""
        super().halt()
        self._asked = {}

    def pubrel(self, packet: Pubrel) -> None:
        """See ``pubrels``."""
        self.pubrels(Pubrels((packet.packet_id,)))

    def pubrels(self, packets: Pubrels) -> None:
        """Those we know are told in one question; there is nothing to wait for with the others."""
        known: list[int] = []
        for packet_id in packets.packet_ids:
            if packet_id in self.received:
                known.append(packet_id)
            else:
                super().pubrel(Pubrel(packet_id))
        if known:
            asked = ReleaseAsked(self.epoch, known)
            self._asked.update(dict.fromkeys(known, asked))
            self._tell.append(asked)

    def complete(self, asked: ReleaseAsked) -> None:
        """All have forgotten these: PUBCOMP, where this question is still the newest one."""
        answered: list[int] = []
        for packet_id in asked.packet_ids:
            if self._asked.get(packet_id) is asked:
                del self._asked[packet_id], self.received[packet_id]
                answered.append(packet_id)
        self._complete(answered)

    def _replace(self, packet_id: int) -> None:
        """The broker has begun another message under it: what it asked before is about the old one."""
        super()._replace(packet_id)
        self._asked.pop(packet_id, None)
