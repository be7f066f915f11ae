"""The durable part of a broker as plain data, and back: what is on disk before an acknowledgement leaves.

Links, and the wills of clients that are connected, die with a broker, as mosquitto's do; the standard
lets it (MQTT 5 §3.1.2.5). The wills of kept sessions whose delay runs are kept.
"""

from __future__ import annotations

from typing import Any

from holdfast.codec import Publish
from holdfast.messages import NO_PROPERTIES
from holdfast.testing.model.books import Books
from holdfast.testing.model.limits import NEVER
from holdfast.testing.model.session import Delivery, Session, Stored, Subscription

State = dict[str, Any]
"""Numbers, strings, bytes, None, and dicts, lists and tuples of them."""


def state(books: Books) -> State:
    """All that outlives the process."""
    return {
        "now": books.now,
        "assigned": books.assigned,
        "retained": [_stored(message) for message in books.retained.values()],
        "sessions": [_session(session) for session in books.sessions.values() if session.expiry_s],
        "turns": books.router.turns(),
    }


def restore(books: Books, state: State) -> None:
    """Fill a broker that has just been made, at ``books.now``; sessions begin to expire now."""
    books.assigned = state["assigned"]
    for row in state["retained"]:
        message = _unstored(row)
        books.retained[message.topic] = message
    for row in state["sessions"]:
        _unsession(books, row)
    books.router.take_turns(state["turns"])


def _stored(message: Stored) -> tuple[Any, ...]:
    properties = dict(message.properties)
    return message.topic, message.payload, message.qos, message.retain, properties, message.expires_at


def _unstored(row: tuple[Any, ...]) -> Stored:
    topic, payload, qos, retain, properties, expires_at = row
    message = Stored(topic, payload, qos, retain, NO_PROPERTIES, 0)
    message.properties, message.expires_at = properties or NO_PROPERTIES, expires_at
    return message


def _delivery(delivery: Delivery) -> tuple[Any, ...]:
    d = delivery
    return _stored(d.message), d.qos, d.retain, d.identifiers, d.packet_id, d.released


def _undelivery(row: tuple[Any, ...]) -> Delivery:
    message, qos, retain, identifiers, packet_id, released = row
    delivery = Delivery(_unstored(message), qos, retain, identifiers)
    delivery.packet_id, delivery.released = packet_id, released
    return delivery


def _inbound(packet: Publish) -> tuple[Any, ...]:
    p = packet
    return p.topic, p.payload, p.qos, p.retain, p.dup, p.packet_id, dict(p.properties)


def _subscription(name: str, s: Subscription) -> tuple[Any, ...]:
    options = (s.filter, s.qos, s.no_local, s.retain_as_published, s.retain_handling, s.identifier, s.group)
    return name, options


def _session(session: Session) -> State:
    waits = session.link is None
    return {
        "client_id": session.client_id,
        "version": session.version,
        "expiry_s": session.expiry_s,
        "expires_at": session.expires_at,
        "will": _stored(session.will) if session.will is not None and waits else None,
        "will_at": session.will_at,
        "last_id": session.last_id,
        "dropped": session.dropped,
        "subscriptions": [_subscription(name, s) for name, s in session.subscriptions.items()],
        "queue": [_delivery(delivery) for delivery in session.queue],
        "inflight": [_delivery(delivery) for delivery in session.inflight.values()],
        "inbound": [_inbound(packet) for packet in session.inbound.values()],
    }


_AS_THEY_ARE = ("version", "expiry_s", "expires_at", "will_at", "last_id", "dropped")


def _unsession(books: Books, row: State) -> None:
    session = Session(row["client_id"])
    for name in _AS_THEY_ARE:
        setattr(session, name, row[name])
    session.will = None if row["will"] is None else _unstored(row["will"])
    session.queue.extend(_undelivery(delivery) for delivery in row["queue"])
    session.inflight = {d.packet_id: d for d in (_undelivery(delivery) for delivery in row["inflight"])}
    session.inbound = {p.packet_id: p for p in (Publish(*packet) for packet in row["inbound"])}
    books.sessions[session.client_id] = session
    for name, options in row["subscriptions"]:
        books.router.add(session, name, Subscription(*options))
    if session.expires_at is None and session.expiry_s != NEVER:  # it was connected
        session.expires_at = books.now + session.expiry_s
