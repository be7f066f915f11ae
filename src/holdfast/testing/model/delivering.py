"""From the broker to its subscribers: routing, windows, QoS 1 and 2, redelivery."""

from __future__ import annotations

from holdfast import reasons
from holdfast.codec import V5, Puback, Pubcomp, Publish, Pubrec, encode_publish
from holdfast.codec.packet_types import PUBLISH, PUBREL
from holdfast.messages import QoS
from holdfast.testing.model.books import Books
from holdfast.testing.model.link import Link
from holdfast.testing.model.session import Delivery, Session, Stored, Subscription

_FAILED = 0x80
_UNKNOWN_ID = 0x92


class Delivering:
    """Everything that sends PUBLISH and PUBREL."""

    def __init__(self, books: Books) -> None:
        self._books = books

    def route(self, message: Stored, origin: Session | None = None) -> bool:
        """Give a message to all it matches, and retain it if it asks so; tells whether anyone matched."""
        books = self._books
        books.routed.append(
            Publish(
                message.topic, message.payload, message.qos, message.retain, properties=message.properties
            )
        )
        if message.retain:
            self._retain(message)
        audience = books.router.audience(message.topic)
        for session, subscriptions in audience.sessions:
            self._deliver(session, subscriptions, message, origin)
        for group in audience.groups if books.limits.shared_delivers else ():
            session, subscription = group.next()
            self._deliver(session, [subscription], message, origin)
        return bool(audience.sessions or audience.groups)

    def _retain(self, message: Stored) -> None:
        """An empty payload removes what is retained [MQTT-3.3.1-6]."""
        self._books.dirty = True
        self._books.retained.pop(message.topic, None)
        if message.payload:
            self._books.retained[message.topic] = message

    def _deliver(
        self, session: Session, subscriptions: list[Subscription], message: Stored, origin: Session | None
    ) -> None:
        """3.1.1: one copy at the highest QoS [MQTT-3.3.5-1]; 5: one per subscription, as mosquitto does."""
        if session.version == V5:
            for s in subscriptions:
                if not (s.no_local and session is origin):
                    qos = min(message.qos, s.qos)
                    retain = message.retain and s.retain_as_published
                    self._enqueue(session, Delivery(message, qos, retain, s.identifiers()))
        else:
            granted: QoS = max(s.qos for s in subscriptions)
            self._enqueue(session, Delivery(message, min(message.qos, granted), False, ()))
        self.pump(session)

    def send_retained(self, session: Session, subscriptions: list[Subscription]) -> None:
        """What new subscriptions get of the retained messages [MQTT-3.3.1-8, MQTT-3.3.1-9]."""
        for subscription in subscriptions:
            for message in self._books.router.matching(subscription, self._books.retained):
                qos = min(message.qos, subscription.qos)
                self._enqueue(session, Delivery(message, qos, True, subscription.identifiers()))
        self.pump(session)

    def _enqueue(self, session: Session, delivery: Delivery) -> None:
        """QoS 0 goes out at once or not at all; the rest waits for its turn."""
        if not delivery.qos:
            if session.link is not None and not delivery.message.is_over(self._books.now):
                self._publish(session.link, delivery, False)
        elif len(session.queue) >= self._books.limits.max_queued:
            session.dropped += 1
        else:
            session.queue.append(delivery)
            self._books.dirty = True

    def resume(self, session: Session) -> None:
        """A kept session has a new link: all that is in flight goes again, in its order [MQTT-4.4.0-1]."""
        session.resend.clear()
        session.resend.extend(session.inflight.values())
        self.pump(session)

    def pump(self, session: Session) -> None:
        """Send what the client's Receive Maximum leaves room for [MQTT-3.3.4-9]."""
        link = session.link
        while link is not None and link.alive and session.resend:
            delivery = session.resend[0]
            if not delivery.released and not self._has_room(session, link):
                return
            session.resend.popleft()
            if delivery.released:
                self._books.wire.acknowledge(link, PUBREL, delivery.packet_id)
            elif not self._publish(link, delivery, True):
                del session.inflight[delivery.packet_id]
        while link is not None and link.alive and session.queue and self._has_room(session, link):
            self._start(session, link, session.queue.popleft())

    def _has_room(self, session: Session, link: Link) -> bool:
        return len(session.inflight) - len(session.resend) < link.window

    def _start(self, session: Session, link: Link, delivery: Delivery) -> None:
        """First delivery; what expired in the queue is gone [MQTT-3.3.2-5]."""
        self._books.dirty = True
        if not delivery.message.is_over(self._books.now):
            delivery.packet_id = session.new_id()
            if self._publish(link, delivery, False):
                session.inflight[delivery.packet_id] = delivery

    def _publish(self, link: Link, delivery: Delivery, dup: bool) -> bool:
        """Send it, unless the client takes no packet so large: then it counts as done [MQTT-3.1.2-25]."""
        message = delivery.message
        version = link.decoder.version
        properties = message.properties
        if version == V5 and (delivery.identifiers or message.expires_at is not None):
            properties = message.to_send(self._books.now, delivery.identifiers)
        qos, packet_id = delivery.qos, delivery.packet_id
        data = encode_publish(
            message.topic, message.payload, qos, delivery.retain, dup, packet_id, properties, version
        )
        if len(data) > link.packet_bytes:
            return False
        self._books.wire.send(link, PUBLISH, data, packet_id, qos)
        return True

    def puback(self, link: Link, packet: Puback) -> None:
        """The end of QoS 1; an unknown id is nobody's [MQTT-4.3.2-5]."""
        self._finish(link, packet.packet_id, 1, False)

    def pubcomp(self, link: Link, packet: Pubcomp) -> None:
        """The end of QoS 2."""
        self._finish(link, packet.packet_id, 2, True)

    def pubrec(self, link: Link, packet: Pubrec) -> None:
        """Release, also an id we do not know [MQTT-4.3.3-4]; an error ends it [MQTT-4.3.3-3]."""
        if packet.reason >= _FAILED:
            self._finish(link, packet.packet_id, 2, False)
            return
        delivery = link.owner().inflight.get(packet.packet_id)
        reason = _UNKNOWN_ID
        if delivery is not None and delivery.qos == 2:
            delivery.released, reason = True, reasons.SUCCESS
            self._books.dirty = True
        self._books.wire.acknowledge(link, PUBREL, packet.packet_id, reason)

    def _finish(self, link: Link, packet_id: int, qos: QoS, released: bool) -> None:
        session = link.owner()
        delivery = session.inflight.get(packet_id)
        if delivery is None or (delivery.qos, delivery.released) != (qos, released):
            return
        del session.inflight[packet_id]
        if session.resend and delivery in session.resend:
            session.resend.remove(delivery)
        self._books.dirty = True
        self.pump(session)
