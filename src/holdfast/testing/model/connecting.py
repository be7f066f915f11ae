"""CONNECT, DISCONNECT, and the life of sessions and wills (MQTT 5 §3.1, §3.14, §4.1)."""

from __future__ import annotations

from typing import Any

from holdfast import reasons
from holdfast.codec import V5, V311, Connack, Connect, Disconnect
from holdfast.codec.packet_types import CONNACK
from holdfast.messages import NO_PROPERTIES, Properties
from holdfast.reasons import RETURN_CODES
from holdfast.testing.model.books import Books
from holdfast.testing.model.delivering import Delivering
from holdfast.testing.model.examining import Examining
from holdfast.testing.model.judge import Judge
from holdfast.testing.model.limits import NEVER
from holdfast.testing.model.link import NO_RECEIVE_MAXIMUM, PACKET_BYTES, Link
from holdfast.testing.model.session import Session, Stored

_WITH_WILL = 0x04
_IDENTIFIER_INVALID = 0x85
_KEEP_ALIVE_TIMEOUT = 0x8D
_TAKEN_OVER = 0x8E
_RETAIN_NOT_SUPPORTED = 0x9A
_QOS_NOT_SUPPORTED = 0x9B
_UNAVAILABLE_311 = 3
_CODES_311 = {row.reason: code for code, row in RETURN_CODES.items()}


class Connecting:
    """Everything that begins or ends."""

    def __init__(self, books: Books, delivering: Delivering) -> None:
        self._books = books
        self._delivering = delivering
        self.examining = Examining(books, self._accept, self._refuse)
        books.wire.on_close = self.lost

    def connect(self, link: Link, packet: Connect) -> None:
        """Accept or refuse; a second CONNECT is an error [MQTT-3.1.0-2]."""
        if link.session is not None or link.exchange is not None:
            self._books.wire.fail(link, "a second CONNECT [MQTT-3.1.0-2]")
            return
        self._books.connects += 1
        reason = self._refusal(packet)
        if reason is not None:
            self._refuse(link, packet, reason)
        elif "authentication_method" in packet.properties:
            self.examining.begin(link, packet)
        else:
            self._accept(link, packet, {})

    def _refuse(self, link: Link, packet: Connect, reason: int) -> None:
        code = _CODES_311.get(reason, _UNAVAILABLE_311) if packet.version == V311 else reason
        said = self._reference() if packet.version == V5 else NO_PROPERTIES
        self._books.wire.answer(link, CONNACK, Connack(False, code, said), code)
        self._books.wire.close(link)

    def _reference(self) -> Properties:
        text = self._books.faults.reference
        return NO_PROPERTIES if text is None else {"server_reference": text}

    def refer(self, reason: int) -> None:
        """Send away who is here, to where everybody is sent (MQTT 5 §4.11)."""
        for link in list(self._books.links.values()):
            self._books.wire.end(link, reason, self._reference())

    def _refusal(self, packet: Connect) -> int | None:
        limits, will = self._books.limits, packet.will
        scripted = self._books.faults.refusal("CONNECT")
        if scripted is not None:
            return scripted
        if not packet.client_id and packet.version == V311 and not packet.clean_start:
            return _IDENTIFIER_INVALID  # [MQTT-3.1.3-8 of 3.1.1]
        barred = self.examining.refusal(packet)
        if barred is not None:
            return barred
        if will is not None and will.qos > limits.maximum_qos:
            return _QOS_NOT_SUPPORTED  # [MQTT-3.2.2-12]
        if will is not None and will.retain and not limits.retain_available:
            return _RETAIN_NOT_SUPPORTED  # [MQTT-3.2.2-13]
        return None

    def _accept(self, link: Link, packet: Connect, proof: dict[str, Any]) -> None:
        said = self._books.limits.announced() | proof if packet.version == V5 else {}
        client_id = packet.client_id
        if not client_id:
            self._books.assigned += 1
            client_id = said["assigned_client_identifier"] = f"assigned-{self._books.assigned}"
        session, present = self._session(client_id, packet.clean_start)
        self._attach(link, session, packet, present)
        asked_s = packet.properties.get("session_expiry_interval", 0)
        if packet.version == V5 and session.expiry_s != asked_s:
            said["session_expiry_interval"] = session.expiry_s
        self._books.wire.answer(link, CONNACK, Connack(present, reasons.SUCCESS, said))
        self._delivering.resume(session)

    def _session(self, client_id: str, clean_start: bool) -> tuple[Session, bool]:
        """The session to use, and whether it was there before [MQTT-3.1.2-4, -5, -6]."""
        known = self._books.sessions.get(client_id)
        if known is not None and known.link is not None:
            self._books.wire.end(known.link, _TAKEN_OVER)  # [MQTT-3.1.4-3]
        elif known is not None:
            self._pass_time(known)
        known = self._books.sessions.get(client_id)
        if known is not None and clean_start:
            self._end(known)
            known = None
        session = known or Session(client_id)
        self._books.sessions[client_id] = session
        return session, known is not None

    def _attach(self, link: Link, session: Session, packet: Connect, present: bool) -> None:
        self._books.dirty = True
        link.session, link.resumed = session, present
        session.link, session.version = link, packet.version
        session.expires_at = session.will_at = None
        session.expiry_s = self._expiry_s(packet)
        session.will = self._will(packet)
        properties = packet.properties
        silence_s = packet.keepalive
        if packet.version == V5:
            link.window = properties.get("receive_maximum", min(link.window, NO_RECEIVE_MAXIMUM))
            link.packet_bytes = properties.get("maximum_packet_size", PACKET_BYTES)
            if self._books.limits.server_keep_alive is not None:
                silence_s = self._books.limits.server_keep_alive  # [MQTT-3.2.2-22]
        link.silence_s = silence_s * 1.5 if silence_s else None
        if self._books.strict:
            link.judge = Judge(link.id, present, session.unanswered)

    def _expiry_s(self, packet: Connect) -> int:
        if packet.version == V311:
            asked_s = 0 if packet.clean_start else NEVER
        else:
            asked_s = packet.properties.get("session_expiry_interval", 0)
        return self._books.limits.granted_expiry_s(asked_s)

    def _will(self, packet: Connect) -> Stored | None:
        """Its expiry counts from when it is published, so the properties stay whole until then."""
        will = packet.will
        if will is None:
            return None
        stored = Stored(will.topic, will.payload, will.qos, will.retain, {}, self._books.now)
        stored.properties = will.properties
        return stored

    def disconnect(self, link: Link, packet: Disconnect) -> None:
        """A farewell: without the will, unless it asks for it [MQTT-3.14.4-3, MQTT-3.1.2-10]."""
        if link.session is None:  # in the midst of an authentication
            self._books.wire.close(link)
            return
        session = link.owner()
        expiry_s = packet.properties.get("session_expiry_interval")
        if expiry_s and not session.expiry_s:
            self._books.wire.fail(
                link, "DISCONNECT gives a session an expiry that CONNECT did not [MQTT-3.14.2-2]"
            )
            return
        if expiry_s is not None:
            session.expiry_s = self._books.limits.granted_expiry_s(expiry_s)
        if packet.reason != _WITH_WILL:
            session.will = None
        self._books.wire.close(link)

    def lost(self, link: Link) -> None:
        """The link is gone, whoever ended it: start the clocks of its will and of its session."""
        link.alive = False
        self._books.links.pop(link.id, None)
        session = link.session
        if session is None or session.link is not link:
            return
        self._books.dirty = True
        session.link = None
        session.resend.clear()
        if session.expiry_s != NEVER:
            session.expires_at = self._books.now + session.expiry_s
        if session.will is not None:
            session.will_at = self._books.now + session.will.properties.get("will_delay_interval", 0)
        self._pass_time(session)

    def tick(self) -> None:
        """What the time has come for."""
        for link in list(self._books.links.values()):
            deadline = link.deadline()
            if deadline is not None and deadline <= self._books.now:
                self._books.wire.end(link, _KEEP_ALIVE_TIMEOUT)  # [MQTT-3.1.2-22]
        for session in list(self._books.sessions.values()):
            if session.link is None:
                self._pass_time(session)

    def _pass_time(self, session: Session) -> None:
        now = self._books.now
        if session.will_at is not None and session.will_at <= now:
            self._publish_will(session)
        if session.expires_at is not None and session.expires_at <= now:
            self._end(session)

    def _end(self, session: Session) -> None:
        """The session is over, so its delayed will is due (MQTT 5 §3.1.3.2.2)."""
        self._books.dirty = True
        self._publish_will(session)
        self._books.router.forget(session)
        self._books.sessions.pop(session.client_id, None)

    def _publish_will(self, session: Session) -> None:
        will, session.will, session.will_at = session.will, None, None
        if will is not None:
            self._books.dirty = True
            properties, now = will.properties, self._books.now
            self._delivering.route(Stored(will.topic, will.payload, will.qos, will.retain, properties, now))

    def next_deadline(self) -> float | None:
        """When ``tick`` has something to do."""
        moments = [link.deadline() for link in self._books.links.values()]
        for session in self._books.sessions.values():
            moments += (session.will_at, session.expires_at)
        return min((moment for moment in moments if moment is not None), default=None)
