"""Between a client and the broker: who promised what, read from the bytes.

A tap is no part of the client and believes nothing it says. It follows the packets of one
client over all its connections, both ways:

sending     a PUBLISH that is not the repeat of one under way: not (DUP, same packet id, same
            message, PUBREL not yet sent, session not lost)
taken       the other side answered with PUBACK or PUBREC: it answers for the message now
unanswered  sent on the connection that is open now and not taken

A client that loses a message it took, or a broker that sends one message as two, shows in these.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from holdfast import codec
from holdfast.codec import Decoder, MalformedPacket, Packet

SerialOf = Callable[[bytes], str | None]

REFUSED = 0x80


class Direction:
    """The messages that one side sends to the other."""

    def __init__(self, serial_of: SerialOf) -> None:
        self._serial_of = serial_of
        self._under_way: dict[int, str] = {}
        self._here: dict[int, str] = {}
        self._sent_before: set[str] = set()
        self.sendings: Counter[str] = Counter()
        self.doubled: set[str] = set()
        self.taken: set[str] = set()
        self.order: list[str] = []

    @property
    def unanswered(self) -> set[str]:
        """See the module."""
        return set(self._here.values())

    def reconnected(self, session_present: bool) -> None:
        """A new connection; without the session, what was under way may come as new."""
        self._here.clear()
        if not session_present:
            self._under_way.clear()
            self._sent_before.clear()

    def publish(self, packet: codec.Publish) -> None:
        """PUBLISH from the sending side."""
        serial = self._serial_of(packet.payload)
        if serial is None or not packet.qos:
            return
        self.order.append(serial)
        self._here[packet.packet_id] = serial
        if packet.dup and self._under_way.get(packet.packet_id) == serial:
            return
        self._under_way[packet.packet_id] = serial
        self.sendings[serial] += 1
        if serial in self._sent_before:
            self.doubled.add(serial)
        self._sent_before.add(serial)

    def answered(self, packet_id: int, reason: int, final: bool) -> None:
        """PUBACK (``final``) or PUBREC from the receiving side."""
        self._here.pop(packet_id, None)
        serial = self._under_way.get(packet_id)
        if serial is not None and reason < REFUSED:
            self.taken.add(serial)
        if final:
            self._under_way.pop(packet_id, None)

    def released(self, packet_id: int) -> None:
        """PUBREL from the sending side: the packet identifier is free for another message."""
        self._under_way.pop(packet_id, None)


class Tap:
    """One client and the broker, over all their connections."""

    def __init__(self, serial_of: SerialOf) -> None:
        self.to_broker = Direction(serial_of)
        self.to_client = Direction(serial_of)
        self.clean_starts = 0
        """CONNECTs that told the broker to throw away what it kept for this client."""

    def from_client(self, packet: Packet) -> None:
        """One packet the client sent."""
        if isinstance(packet, codec.Connect):
            self.clean_starts += packet.clean_start
        self._follow(packet, self.to_broker, self.to_client)

    def from_broker(self, packet: Packet) -> None:
        """One packet the broker sent."""
        if isinstance(packet, codec.Connack) and not packet.reason:
            self.to_broker.reconnected(packet.session_present)
            self.to_client.reconnected(packet.session_present)
        self._follow(packet, self.to_client, self.to_broker)

    def _follow(self, packet: Packet, own: Direction, other: Direction) -> None:
        if isinstance(packet, codec.Publish):
            own.publish(packet)
        elif isinstance(packet, codec.Pubrel):
            own.released(packet.packet_id)
        elif isinstance(packet, codec.Puback | codec.Pubrec):
            other.answered(packet.packet_id, packet.reason, isinstance(packet, codec.Puback))


class Wire:
    """Bytes of one connection, handed to the tap of the client that introduces itself on it."""

    def __init__(self, taps: Callable[[str], Tap]) -> None:
        self._taps = taps
        self._client, self._broker = Decoder(), Decoder()
        self._tap: Tap | None = None
        self._dead = False

    def from_client(self, data: bytes) -> None:
        """The client sent these bytes."""
        for packet in self._decoded(self._client, data):
            if isinstance(packet, codec.Connect):
                self._tap = self._taps(packet.client_id)
                self._broker.version = packet.version
            if self._tap is not None:
                self._tap.from_client(packet)

    def from_broker(self, data: bytes) -> None:
        """The broker sent these bytes."""
        for packet in self._decoded(self._broker, data):
            if self._tap is not None:
                self._tap.from_broker(packet)

    def _decoded(self, decoder: Decoder, data: bytes) -> list[Packet]:
        packets: list[Packet] = []
        if not self._dead:
            try:
                decoder.feed(data, packets)
            except MalformedPacket:
                self._dead = True
        return packets
