"""Which QoS 2 messages are stored already: same identifier, DUP, content and session (contract 6, 14)."""

from __future__ import annotations

import pytest

from holdfast.ingest.identifiers import Identifiers
from holdfast.protocol import Delivery, ReleaseAsked


def message(
    packet_id: int = 7, payload: bytes = b"21.5", *, again: bool = False, epoch: int = 1, topic: str = "t"
) -> Delivery:
    delivery = Delivery(topic, payload, 2, False, again, packet_id)
    delivery.epoch = epoch
    return delivery


def after(*messages: Delivery) -> Identifiers:
    """The next process, behind the commit of these."""
    before = Identifiers("file", "")
    for one in messages:
        assert before.take(one)
    return Identifiers("file", before.state())


def test_a_stored_message_that_comes_again_is_known() -> None:
    """The process was killed between the commit and PUBREC."""
    assert not after(message()).take(message(again=True))


@pytest.mark.parametrize(
    "other",
    [
        message(again=False),
        message(again=True, payload=b"21.6"),
        message(again=True, topic="u"),
        message(8, again=True),
        message(again=True, epoch=2),
    ],
    ids=["without DUP", "another payload", "another topic", "another identifier", "another session"],
)
def test_whatever_differs_is_another_message(other: Delivery) -> None:
    """It is stored, and known from then on."""
    identifiers = after(message())
    assert identifiers.take(other)
    other.duplicate = True
    assert not identifiers.take(other)


def test_topic_and_payload_are_told_apart() -> None:
    """The end of the one is not the beginning of the other."""
    assert after(message(topic="ab", payload=b"c")).take(message(topic="a", payload=b"bc", again=True))


def test_a_handler_cannot_change_what_tells_a_message() -> None:
    """Its payload may have been opened meanwhile: what counts is what came."""
    stored = message()
    stored.payload = b"opened"
    assert not after(stored).take(message(again=True))


def test_what_is_released_is_forgotten() -> None:
    """The next message under the identifier is another one, whatever it looks like."""
    identifiers = after(message(7), message(8))
    identifiers.release(ReleaseAsked(1, [7, 9]))
    later = Identifiers("file", identifiers.state())
    assert later.take(message(7, again=True))
    assert not later.take(message(8, again=True))


def test_a_release_in_another_session_forgets_nothing() -> None:
    """Identifiers belong to their session."""
    identifiers = after(message(epoch=2))
    identifiers.release(ReleaseAsked(1, [7]))
    assert not identifiers.take(message(again=True, epoch=2))


def test_a_new_session_begins_without_any() -> None:
    """What was stored in the one before is not kept for ever."""
    identifiers = after(message(7))
    assert identifiers.take(message(8, epoch=2))
    assert Identifiers("file", identifiers.state()).take(message(7, again=True))


def test_what_was_kept_with_another_file_means_nothing() -> None:
    """A file that was made anew counts its sessions anew."""
    state = after(message()).state()
    assert Identifiers("another file", state).take(message(again=True))


def test_it_begins_with_none() -> None:
    """A database that remembers nothing."""
    assert Identifiers("file", "").take(message(again=True))
