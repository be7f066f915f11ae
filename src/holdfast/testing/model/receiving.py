"""From publishers to the broker: PUBLISH and PUBREL, and what they must not do."""

from __future__ import annotations

from holdfast import reasons
from holdfast.codec import V311, OversizePublish, Publish, Pubrel
from holdfast.codec.packet_types import PUBACK, PUBCOMP, PUBREC
from holdfast.messages import NO_PROPERTIES
from holdfast.testing.model.books import Books
from holdfast.testing.model.delivering import Delivering
from holdfast.testing.model.limits import BrokerLimits
from holdfast.testing.model.link import NO_RECEIVE_MAXIMUM, Link
from holdfast.testing.model.session import Session, Stored
from holdfast.values import replace

_NO_SUBSCRIBERS = 0x10
_UNKNOWN_ID = 0x92
_RECEIVE_MAXIMUM_EXCEEDED = 0x93
_RETAIN_NOT_SUPPORTED = 0x9A
_QOS_NOT_SUPPORTED = 0x9B


class Receiving:
    """Everything a publisher sends."""

    def __init__(self, books: Books, delivering: Delivering) -> None:
        self._books = books
        self._delivering = delivering

    def publish(self, link: Link, packet: Publish) -> None:
        """Judge it, then answer as its QoS wants it."""
        session = link.owner()
        poison = self._books.limits.poison
        if poison is not None and poison in packet.payload:
            self._hang_up(link)
            return
        fault = forbidden(packet, self._books.limits) or _overdone(packet, link, self._books.limits)
        if fault is not None:
            self._books.wire.fail(link, *fault)
            return
        topic = link.resolve(packet, self._books.limits.topic_alias_maximum)
        if topic is None:
            self._books.wire.fail(
                link, f"topic alias {packet.properties['topic_alias']} stands for nothing yet"
            )
            return
        if packet.qos:
            link.unacknowledged.add(packet.packet_id)
        if topic != packet.topic:
            packet = replace(packet, topic=topic)
        refusal = self._refusal(session, packet)
        if refusal is not None:
            self._refuse(link, packet, refusal)
        else:
            _BY_QOS[packet.qos](self, link, session, packet)

    def _refusal(self, session: Session, packet: Publish) -> int | None:
        """What was answered PUBREC is taken; a resend of it cannot be refused any more."""
        if not self._books.faults.active or (packet.qos == 2 and packet.packet_id in session.inbound):
            return None
        return self._books.faults.refusal("PUBLISH")

    def _refuse(self, link: Link, packet: Publish, reason: int) -> None:
        """QoS 0 has no answer; 3.1.1 knows no error but the end of the connection [MQTT-3.3.5-2]."""
        if not packet.qos:
            return
        if link.decoder.version == V311:
            self._books.wire.close(link)
        else:
            self._books.wire.acknowledge(
                link, PUBACK if packet.qos == 1 else PUBREC, packet.packet_id, reason
            )

    def _hang_up(self, link: Link) -> None:
        if self._books.limits.poison_reason is None:
            self._books.wire.close(link)
        else:
            self._books.wire.end(link, self._books.limits.poison_reason)

    def _qos_0(self, link: Link, session: Session, packet: Publish) -> None:
        self._books.accepted.append(packet)
        self._onward(packet, session)

    def _qos_1(self, link: Link, session: Session, packet: Publish) -> None:
        self._books.dirty = True
        self._books.accepted.append(packet)
        matched = self._onward(packet, session)
        reason = reasons.SUCCESS if matched else _NO_SUBSCRIBERS
        self._books.wire.acknowledge(link, PUBACK, packet.packet_id, reason)

    def _qos_2(self, link: Link, session: Session, packet: Publish) -> None:
        """An id that is known is the same message again: answered, not taken [MQTT-4.3.3-10]."""
        self._books.dirty = True
        if packet.packet_id not in session.inbound:
            session.inbound[packet.packet_id] = packet
            self._books.accepted.append(packet)
            if self._books.limits.forward_at == "PUBLISH":
                self._onward(packet, session)
        self._books.wire.acknowledge(link, PUBREC, packet.packet_id)

    def pubrel(self, link: Link, packet: Pubrel) -> None:
        """The id is free again [MQTT-4.3.3-11]; the message goes onward now, as mosquitto does it."""
        session = link.owner()
        message = session.inbound.pop(packet.packet_id, None)
        self._books.dirty = True
        if message is not None and self._books.limits.forward_at == "PUBREL":
            self._onward(message, session)
        reason = _UNKNOWN_ID if message is None else reasons.SUCCESS
        self._books.wire.acknowledge(link, PUBCOMP, packet.packet_id, reason)

    def oversize(self, link: Link, packet: OversizePublish) -> None:
        """3.1.1 has no other answer than the end."""
        sentence = f"PUBLISH of {packet.size} bytes, the limit is {self._books.limits.max_packet_bytes}"
        self._books.wire.fail(link, sentence, reasons.PACKET_TOO_LARGE)

    def _onward(self, packet: Publish, session: Session) -> bool:
        properties = packet.properties or NO_PROPERTIES
        stored = Stored(packet.topic, packet.payload, packet.qos, packet.retain, properties, self._books.now)
        return self._delivering.route(stored, session)


_BY_QOS = (Receiving._qos_0, Receiving._qos_1, Receiving._qos_2)


def forbidden(packet: Publish, limits: BrokerLimits) -> tuple[str, int] | None:
    """What CONNACK has ruled out [MQTT-3.2.2-11, MQTT-3.2.2-14, MQTT-3.3.2-9]."""
    alias = packet.properties.get("topic_alias", 0) if packet.properties else 0
    if packet.qos > limits.maximum_qos:
        return f"PUBLISH with QoS {packet.qos}, the maximum is {limits.maximum_qos}", _QOS_NOT_SUPPORTED
    if packet.retain and not limits.retain_available:
        return "PUBLISH with RETAIN, which is not available", _RETAIN_NOT_SUPPORTED
    if alias > limits.topic_alias_maximum:
        maximum = limits.topic_alias_maximum
        return f"PUBLISH with topic alias {alias}, the maximum is {maximum}", reasons.TOPIC_ALIAS_INVALID
    if "subscription_identifier" in packet.properties:
        return "PUBLISH with a subscription identifier [MQTT-3.3.4-6]", reasons.PROTOCOL_ERROR
    return None


def _overdone(packet: Publish, link: Link, limits: BrokerLimits) -> tuple[str, int] | None:
    """More in flight than the broker's Receive Maximum [MQTT-3.3.4-7]; 3.1.1 has none."""
    maximum = limits.receive_maximum or NO_RECEIVE_MAXIMUM
    taken = len(link.unacknowledged)
    if link.decoder.version == V311 or not packet.qos or taken < maximum:
        return None
    if packet.packet_id in link.unacknowledged:
        return None
    return f"PUBLISH number {taken + 1} in flight, receive maximum is {maximum}", _RECEIVE_MAXIMUM_EXCEEDED
