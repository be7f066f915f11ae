"""QoS 0, 1 and 2 from the broker to us (MQTT 5 §4.3, §4.6, §4.9; contract 5, 13, 14).

A message is delivered once, and its acknowledgement leaves when it was handled. Handlers
finish in any order; acknowledgements leave in the order of the PUBLISH packets of this
connection, per QoS [MQTT-4.6.0-2, 4.6.0-3], so each QoS has a line:

    PUBLISH ──▶ running, in line ──ack()──▶ done ──head of the line──▶ PUBACK
                                                                   └─▶ Received, PUBREC
    PUBREL ──▶ Forgotten, PUBCOMP

A connection lost clears the lines, not what is running. When the broker sends such a message
again it joins the line with its old delivery: no handler runs twice, none is acknowledged
before it is done. The same packet identifier without DUP, or with other content, is another
message: the old delivery is detached and its acknowledgement means nothing any more.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import TYPE_CHECKING

from holdfast.codec import V5, OversizePublish, Pubrel, Pubrels, encode_ack, encode_acks
from holdfast.messages import NO_PROPERTIES, Message, Properties, QoS
from holdfast.protocol.elsewhere import Elsewhere
from holdfast.protocol.events import Anomaly, Oversize, ProtocolError, SessionEvent
from holdfast.protocol.ids import HIGHEST
from holdfast.protocol.records import Forgotten, Received, Restored
from holdfast.protocol.release import ReleaseAsked
from holdfast.protocol.terms import ConnectRequest

if TYPE_CHECKING:
    from holdfast.protocol.journal import Journal
    from holdfast.protocol.wire import Wire

PUBACK, PUBREC, PUBCOMP = 4, 5, 7
PROTOCOL_ERROR = 0x82
IDENTIFIER_NOT_FOUND = 0x92
TOPIC_ALIAS_INVALID = 0x94

IN_USE = "another message under a packet identifier in use"
OVERFILLED = "more in flight than our Receive Maximum"


class Delivery(Message):
    """One inbound PUBLISH as the decoder makes it, the message that a handler gets, and how far it is.

    One object for all three, as there is one for every message. Hand it back with ``ack`` when it
    was handled. ``raw`` is the payload as it came, whatever a handler does to the message.
    """

    __slots__ = ("connection", "done", "epoch", "packet_id", "raw")

    def __init__(
        self,
        topic: str,
        payload: bytes,
        qos: QoS = 0,
        retain: bool = False,
        dup: bool = False,
        packet_id: int = 0,
        properties: Properties = NO_PROPERTIES,
    ) -> None:
        self.topic = topic
        self.payload = self.raw = payload
        self.qos: QoS = qos
        self.retain = retain
        self.duplicate = dup
        self.properties = properties
        self.captures = NO_PROPERTIES
        self.arrived = 0.0
        self.attempt = 1
        self.packet_id = packet_id
        self.epoch = self.connection = 0
        self.done = False


class Receiver:
    """The receiving half of a session."""

    def __init__(self, journal: Journal, wire: Wire, tell: list[SessionEvent], restored: Restored) -> None:
        self._journal = journal
        self._wire = wire
        self._tell = tell
        self._connection = 0
        self._request: ConnectRequest = ConnectRequest("")
        self._aliases: dict[int, str] = {}
        self._lines: tuple[deque[Delivery], deque[Delivery]] = (deque(), deque())
        self._overfilled = False
        self._running: dict[int, Delivery] = {}
        # Identifiers between PUBREC and PUBREL, with what tells the message (None: from an earlier process).
        self.received: dict[int, int | None] = dict.fromkeys(restored.received)
        self.epoch = restored.epoch
        self.deliveries: list[Delivery] = []

    # -- the connection ----------------------------------------------------------------------

    def open(self, request: ConnectRequest) -> None:
        """A new connection: aliases begin anew (§3.3.2.3.4)."""
        self._request = request
        self._connection += 1
        self._aliases = {}
        self._overfilled = False

    def halt(self) -> None:
        """The connection ends: an acknowledgement from now on waits for the message to come again."""
        for line in self._lines:
            line.clear()

    def restart(self, epoch: int) -> None:
        """A new session: nothing that was received before has a meaning in it (contract 5)."""
        self.epoch = epoch
        self._running = {}
        self.received = {}

    def move(self, left: Elsewhere, here: Elsewhere) -> None:
        """From one session to another: each has identifiers of its own, and handlers that may be at it."""
        left.received = list(self.received)
        left.epoch, left.contents, left.running = self.epoch, self.received, self._running
        self.epoch, self.received, self._running = here.epoch, here.contents, here.running

    def abandon(self) -> None:
        """Nobody handles what was delivered any more: when it comes again it is delivered anew."""
        self._running = {}

    # -- what comes in -----------------------------------------------------------------------

    def publish(self, packet: Delivery) -> None:
        """PUBLISH at any QoS."""
        if packet.properties and "topic_alias" in packet.properties:
            self._resolve(packet)
        packet.epoch = self.epoch
        if not packet.qos:
            self.deliveries.append(packet)
            return
        known = self._running.get(packet.packet_id)
        if known is not None or (packet.qos == 2 and packet.packet_id in self.received):
            self._again(packet, known)
        else:
            self._begin(packet)

    def _resolve(self, packet: Delivery) -> None:
        alias = packet.properties["topic_alias"]
        if not 0 < alias <= self._request.topic_alias_maximum:  # [MQTT-3.3.2-8, 3.3.2-11]
            raise ProtocolError(TOPIC_ALIAS_INVALID, f"topic alias {alias} is above our maximum")
        if packet.topic:
            self._aliases[alias] = packet.topic
        elif alias in self._aliases:
            packet.topic = self._aliases[alias]
        else:
            raise ProtocolError(PROTOCOL_ERROR, f"topic alias {alias} was never set")

    def _begin(self, packet: Delivery) -> None:
        self._join(packet)
        self._running[packet.packet_id] = packet
        self.deliveries.append(packet)

    def _join(self, delivery: Delivery) -> None:
        """Stand in line on this connection."""
        delivery.connection = self._connection
        self._lines[delivery.qos - 1].append(delivery)

    def look(self) -> None:
        """Tell, once a connection, of a broker that exceeds our Receive Maximum [MQTT-3.3.4-9].

        It is not hung up on: mosquitto 2.0.11 does it under load (4,133 for 1,000), and with all that
        it has read from disk after a restart. It would do so again, and the link would never last; what
        bounds memory is the engine's byte budget.
        """
        first, second = self._lines
        most = self._request.receive_maximum if self._request.version == V5 else HIGHEST
        if len(first) + len(second) > most and not self._overfilled:
            self._overfilled = True
            self._tell.append(Anomaly(OVERFILLED, (first or second)[-1].packet_id))

    def _again(self, packet: Delivery, known: Delivery | None) -> None:
        """A packet identifier we hold: the same message once more, or another one."""
        if known is None and self._is_new(packet):
            self._tell.append(Anomaly(IN_USE, packet.packet_id))
            self._replace(packet.packet_id)
            self._begin(packet)
        elif known is None:  # QoS 2 between PUBREC and PUBREL: never delivered again [MQTT-4.3.3-10]
            packet.done = True
            self._join(packet)
            self._release(2)
        elif not (packet.duplicate and _same(packet, known)):
            self._detach(known)
            self._begin(packet)
        elif known.connection == self._connection:
            self._tell.append(Anomaly("redelivery on the same connection", packet.packet_id))
        else:
            self._join(known)
            self._release(packet.qos)

    def _is_new(self, packet: Delivery) -> bool:
        """Whether the broker has begun another message under an identifier it never released.

        A broker that was killed may come back with the session as it was before (X1): it forgot
        what it had sent since, and uses the identifier again. Taken for a repeat, that message
        would be acknowledged and lost (contract 14).
        """
        content = self.received[packet.packet_id]
        return not packet.duplicate or (content is not None and content != _content(packet))

    def _replace(self, packet_id: int) -> None:
        """What was taken in under this identifier is forgotten: it means another message now."""
        del self.received[packet_id]
        self._journal.write(Forgotten([packet_id]))

    def _detach(self, old: Delivery) -> None:
        """Another message took this identifier: the old acknowledgement has nowhere to go."""
        self._tell.append(Anomaly(IN_USE, old.packet_id))
        del self._running[old.packet_id]
        line = self._lines[old.qos - 1]
        for place, one in enumerate(line):
            if one is old:  # not one that equals it
                del line[place]
                break

    def oversize(self, packet: OversizePublish) -> None:
        """3.1.1: a PUBLISH above our limit is read past, told, and acknowledged (contract 10)."""
        self._tell.append(Oversize(packet.topic, packet.size))
        if packet.qos:
            known = self._running.get(packet.packet_id)
            if known is not None:
                self._detach(known)
            delivery = Delivery(packet.topic, b"", packet.qos, packet_id=packet.packet_id)
            delivery.done = True
            self._join(delivery)
            self._running[packet.packet_id] = delivery
            self._release(packet.qos)

    def pubrels(self, packets: Pubrels) -> None:
        """As ``pubrel``, for a run: those we know share a record and a piece of the wire."""
        known: list[int] = []
        for packet_id in packets.packet_ids:
            if packet_id in self.received:
                del self.received[packet_id]
                known.append(packet_id)
            else:
                known = self._complete(known)
                self.pubrel(Pubrel(packet_id))
        self._complete(known)

    def complete(self, asked: ReleaseAsked) -> None:
        """The answer to a question; here nobody is asked."""

    def pubrel(self, packet: Pubrel) -> None:
        """PUBREL: the identifier is free again, which is written down before PUBCOMP leaves."""
        packet_id = packet.packet_id
        if packet_id in self.received:
            del self.received[packet_id]
            self._complete([packet_id])
        else:
            self._put(encode_ack(PUBCOMP, packet_id, IDENTIFIER_NOT_FOUND, self._request.version))

    def _complete(self, known: list[int]) -> list[int]:
        """PUBCOMP, in the order of the PUBRELs; gives an empty list to go on with."""
        if known:
            self._journal.write(Forgotten(known))
            self._put(encode_acks(PUBCOMP, known))
        return []

    @property
    def lines(self) -> tuple[list[Delivery], list[Delivery]]:
        """What waits for its acknowledgement on this connection, in wire order; any thread may look."""
        first, second = self._lines
        return list(first), list(second)

    # -- what goes back ----------------------------------------------------------------------

    def ack(self, deliveries: Iterable[Delivery]) -> None:
        """These were handled. One that is in no line (any more) waits until it comes again, if it does."""
        for delivery in deliveries:
            delivery.done = True
        self._release(1)
        self._release(2)

    def _release(self, qos: int) -> None:
        """Acknowledge the heads of the line that are done, in wire order."""
        line = self._lines[qos - 1]
        if not (line and line[0].done):
            return
        finished: list[int] = []
        new: list[int] = []
        while line and line[0].done:
            delivery = line.popleft()
            packet_id = delivery.packet_id
            self._running.pop(packet_id, None)
            finished.append(packet_id)
            if qos == 2:
                if packet_id not in self.received:
                    new.append(packet_id)
                self.received[packet_id] = _content(delivery)
        if new:
            self._journal.write(Received(new))
        self._put(encode_acks(PUBACK if qos == 1 else PUBREC, finished))

    def _put(self, data: bytes) -> None:
        self._wire.put(data, self._journal.gate)


def _content(packet: Delivery) -> int:
    """What tells one message from another, without keeping it."""
    return hash((packet.topic, packet.raw))


def _same(one: Delivery, other: Delivery) -> bool:
    return one.raw == other.raw and one.topic == other.topic and one.qos == other.qos
