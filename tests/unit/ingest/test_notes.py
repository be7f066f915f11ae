"""A message in the spool, and back."""

from __future__ import annotations

import pytest

from holdfast.errors import HoldfastError
from holdfast.ingest.draft import Entry
from holdfast.ingest.notes import Notes
from holdfast.messages import QoS
from holdfast.outbox.intake import Held
from holdfast.protocol import Delivery

NOTES = Notes("ingest messages", ["plant/{line}/temp", "plant/#"])


def entry(qos: QoS = 2, topic: str = "plant/7/temp") -> Entry:
    delivery = Delivery(topic, b"21.5", qos, True, True, 7, {"content_type": "text/plain"})
    delivery.epoch, delivery.arrived = 3, 1000.5
    return delivery, delivery, "digest" if qos == 2 else ""


def test_a_message_comes_back_as_it_came() -> None:
    """With DUP; its captures are those of the first filter that matches."""
    held = NOTES.held(entry(), 0, HoldfastError("away"))
    message = NOTES.message(held)
    assert (message.topic, message.payload, message.qos, message.retain) == ("plant/7/temp", b"21.5", 2, True)
    assert (message.arrived, message.properties) == (1000.5, {"content_type": "text/plain"})
    assert message.captures == {"line": "7"}
    assert message.duplicate
    held.key = None  # a dead letter that was kept again
    assert not NOTES.message(held).duplicate
    assert (held.owner, held.reason) == ("ingest messages", "away")


@pytest.mark.parametrize("topic", ["plant/7", "elsewhere"])
def test_a_filter_without_captures_has_none(topic: str) -> None:
    """Nor has a topic that none of the filters match any more."""
    assert NOTES.message(NOTES.held(entry(topic=topic), 0, None)).captures == {}


def test_the_number_of_the_batch_that_failed_stands_beside_it() -> None:
    """It tells whether the sink has it, when it says what it committed last."""
    assert NOTES.tried(NOTES.held(entry(), 12, None)) == 12
    assert NOTES.tried(NOTES.held(entry(), 0, None)) == 0
    assert (NOTES.wants("plant/a"), NOTES.wants("house")) == (True, False)
    assert NOTES.tried(NOTES.claimed(Held(1, "", "plant/a", b""))) == 0
    assert NOTES.tried(Held(1, "ingest messages", "t", b"")) == 0  # a dead letter that was kept again


def test_only_qos_2_has_an_identifier() -> None:
    """At QoS 1 the broker uses a number again as soon as it is acknowledged."""
    two, one = NOTES.held(entry(2), 0, None), NOTES.held(entry(1), 0, None)
    assert (two.epoch, two.packet_id) == (3, 7)
    assert (one.epoch, one.packet_id) == (0, 0)
    assert NOTES.bound([(two.epoch, two.packet_id, two.key)]) == [(3, 7, "digest")]
    assert NOTES.bound([(3, 7, None)]) == [(3, 7, "")]
