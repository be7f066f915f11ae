"""Kept messages, and where they stand."""

from __future__ import annotations

from holdfast.client.places import Kept, numbered, row
from tests.unit.client.consuming import delivery


def test_a_message_is_kept_as_it_came() -> None:
    """Whatever its handler has done to it meanwhile."""
    message = delivery("t/x", "as it came", 2, retain=True)
    message.arrived, message.payload = 5.0, b"changed"
    held = row(message, "t/#", "why")
    assert (held.number, held.owner, held.topic, held.payload) == (0, "t/#", "t/x", b"as it came")
    assert (held.qos, held.retain, held.arrived, held.reason) == (2, True, 5.0, "why")
    assert (held.epoch, held.packet_id) == (0, 0)


def test_it_knows_whether_it_is_acknowledged() -> None:
    """One that was read from the file is."""
    message = delivery("t/x", "1")
    assert Kept(message, [], 0).acknowledged
    assert not Kept(message, [], 7).acknowledged


def test_handlers_with_the_same_filters_have_names_of_their_own() -> None:
    """By their order, so that each finds its rows again in the next process."""
    assert numbered("t/#")[:3] == ["t/#", "t/# (2)", "t/# (3)"]
