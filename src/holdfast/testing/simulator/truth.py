"""What has passed between client and broker in one broker-side session, seen from the wire.

It outlives connections and processes, as the identifiers of a session do, and ends when a CONNACK
without a session reaches the client.
"""

from __future__ import annotations

from holdfast.testing.simulator.disk import Disk

Exchange = tuple[int, int]
"""Packet identifier and sequence number."""


class SessionTruth:
    """Which PUBLISH packets left, which are answered, and which identifiers are taken."""

    def __init__(self) -> None:
        self.left: dict[Exchange, int] = {}
        self._refused: set[Exchange] = set()
        self.in_use: dict[int, int] = {}
        self.pubrecs: dict[Exchange, int] = {}
        self.restored: set[int] = set()
        self._ones: set[int] = set()  # identifiers of QoS 1
        self._late: set[int] = set()
        self._count = 0

    def lost(self) -> None:
        """The client has heard that the broker knows no session."""
        self.left, self.in_use, self.pubrecs, self.restored = {}, {}, {}, set()
        self._refused, self._late = set(), set()

    def resumed(self, moved: bool) -> None:
        """The client is in this session again; ``moved``: it was in one with other brokers meanwhile.

        Then it goes on with none of its exchanges: QoS 2 is completed, and the identifiers of QoS 1 are not
        given to others for the time of this connection.
        """
        for packet_id in self._late:
            self.in_use.pop(packet_id, None)
        self._late = set()
        if moved:
            self.left, self.pubrecs, self.restored, self._refused = {}, {}, set(), set()
            self._late = self._ones & self.in_use.keys()

    def restarted(self, disk: Disk, present: bool) -> None:
        """A new process knows what is on the disk: a PUBREC that was not written down is forgotten.

        ``present``: that is in this session.
        """
        known = {(packet_id, row.seq) for packet_id, row in disk.released.items() if present}
        self.pubrecs = {exchange: at for exchange, at in self.pubrecs.items() if exchange in known}
        self.restored = set(disk.sent) if present else set()

    def rolled_back(self, disk: Disk, present: bool) -> None:
        """The client has lost what it knew since some moment: what counts is what it knows."""
        self.lost()
        rows = (*disk.sent.items(), *disk.released.items()) if present else ()
        self.in_use = {packet_id: row.seq for packet_id, row in rows}

    def pubrec(self, packet_id: int) -> bool:
        """PUBREC reached the client; whether it is the first one for its message."""
        seq = self.in_use.get(packet_id)
        if seq is None or (packet_id, seq) in self.pubrecs:
            return False
        self._count += 1
        self.pubrecs[packet_id, seq] = self._count
        return True

    def leaves(self, packet_id: int, seq: int, qos: int) -> None:
        """A PUBLISH leaves, perhaps again."""
        self._count += 1
        (self._ones.add if qos == 1 else self._ones.discard)(packet_id)
        self.left.setdefault((packet_id, seq), self._count)

    def begins_anew(self, packet_id: int, seq: int) -> None:
        """A refused message may come again under the same identifier, which is another exchange then."""
        if (packet_id, seq) in self._refused:
            self._refused.discard((packet_id, seq))
            self.left.pop((packet_id, seq), None)

    def completed(self, packet_id: int, refused: bool) -> None:
        """PUBACK, PUBCOMP or a refusal reached the client: the identifier is free."""
        seq = self.in_use.pop(packet_id, None)
        if seq is not None:
            self.pubrecs.pop((packet_id, seq), None)
            if refused:
                self._refused.add((packet_id, seq))
