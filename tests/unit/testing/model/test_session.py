"""session.py: messages, deliveries and packet ids."""

from __future__ import annotations

from holdfast.messages import NO_PROPERTIES
from holdfast.testing.model.session import Delivery, Session, Stored, Subscription


def test_what_belongs_to_the_link_does_not_go_on() -> None:
    """Topic alias and will delay end here; what describes the message goes on unaltered."""
    properties = {"topic_alias": 3, "will_delay_interval": 5, "content_type": "text/plain"}
    stored = Stored("t", b"", 1, False, properties, 0)
    assert stored.to_send(0, ()) == {"content_type": "text/plain"}


def test_a_message_without_properties_gets_the_identifiers_alone() -> None:
    """Subscription identifiers are added for each receiver."""
    stored = Stored("t", b"", 1, False, NO_PROPERTIES, 0)
    assert stored.to_send(0, ()) is NO_PROPERTIES
    assert stored.to_send(0, (7,)) == {"subscription_identifier": (7,)}


def test_the_expiry_sent_on_is_what_is_left() -> None:
    """Reduced by the time in the broker [MQTT-3.3.2-6]; over when nothing is left."""
    stored = Stored("t", b"", 1, False, {"message_expiry_interval": 10}, 100)
    assert stored.to_send(104, ()) == {"message_expiry_interval": 6}
    assert not stored.is_over(109.9)
    assert stored.is_over(110)


def test_a_packet_id_in_flight_is_not_given_again() -> None:
    """Ids rise, start again at 1, and leave out what is in use [MQTT-2.2.1-4]."""
    session = Session("a")
    assert [session.new_id(), session.new_id()] == [1, 2]
    session.inflight[1] = Delivery(Stored("t", b"", 1, False, NO_PROPERTIES, 0), 1, False, ())
    session.last_id = 65_534
    assert [session.new_id(), session.new_id()] == [65_535, 2]


def test_a_subscription_tells_its_identifier_as_publish_carries_it() -> None:
    """None, or a tuple of one."""
    assert Subscription("t", 0).identifiers() == ()
    assert Subscription("t", 0, identifier=4).identifiers() == (4,)
