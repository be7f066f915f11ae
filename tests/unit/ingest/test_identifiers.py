"""Which QoS 2 messages are stored already: same identifier, DUP, content and session (contract 6, 14)."""

from __future__ import annotations

import pytest

from holdfast.ingest.identifiers import Bound, Identifiers, digest_of
from holdfast.ingest.sink import Memory
from holdfast.protocol import Delivery, ReleaseAsked


def message(
    packet_id: int = 7, payload: bytes = b"21.5", *, again: bool = False, epoch: int = 1, topic: str = "t"
) -> Delivery:
    delivery = Delivery(topic, payload, 2, False, again, packet_id)
    delivery.epoch = epoch
    return delivery


def bound(*messages: Delivery) -> list[Bound]:
    return [(one.epoch, one.packet_id, digest_of(one)) for one in messages]


def knows(identifiers: Identifiers, delivery: Delivery) -> bool:
    return identifiers.knows(delivery, digest_of(delivery))


def after(*messages: Delivery) -> Identifiers:
    """The next process, behind the commit of these."""
    before = Identifiers("file", Memory())
    before.keep(bound(*messages))
    return Identifiers("file", Memory(1, before.state()))


def test_a_stored_message_that_comes_again_is_known() -> None:
    """The process was killed between the commit and PUBREC."""
    assert knows(after(message()), message(again=True))


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
    assert not knows(identifiers, other)
    identifiers.keep(bound(other))
    other.duplicate = True
    assert knows(identifiers, other)


def test_topic_and_payload_are_told_apart() -> None:
    """The end of the one is not the beginning of the other."""
    assert not knows(after(message(topic="ab", payload=b"c")), message(topic="a", payload=b"bc", again=True))


def test_a_handler_cannot_change_what_tells_a_message() -> None:
    """Its payload may have been opened meanwhile: what counts is what came."""
    stored = message()
    stored.payload = b"opened"
    assert knows(after(stored), message(again=True))


def test_what_is_released_is_forgotten() -> None:
    """The next message under the identifier is another one, whatever it looks like."""
    identifiers = after(message(7), message(8))
    identifiers.release(ReleaseAsked(1, [7, 9]))
    later = Identifiers("file", Memory(2, identifiers.state()))
    assert not knows(later, message(7, again=True))
    assert knows(later, message(8, again=True))


def test_a_release_in_another_session_forgets_nothing() -> None:
    """Identifiers belong to their session."""
    identifiers = after(message(epoch=2))
    identifiers.release(ReleaseAsked(1, [7]))
    assert knows(identifiers, message(again=True, epoch=2))


def test_a_new_session_begins_without_any() -> None:
    """What was stored in the one before is not kept for ever."""
    identifiers = after(message(7))
    identifiers.keep(bound(message(8, epoch=2)))
    later = Identifiers("file", Memory(2, identifiers.state()))
    assert not knows(later, message(7, again=True))
    assert knows(later, message(8, again=True, epoch=2))


def test_what_was_kept_with_another_file_means_nothing() -> None:
    """A file that was made anew counts its sessions, and its spool, anew."""
    before = after(message())
    before.spooled, before.never = 9, 5
    state = before.state()
    assert Identifiers("file", Memory(1, state)).spooled == 9
    other = Identifiers("another file", Memory(1, state))
    assert other.never == 5  # which batches there are is known by the sink, not by the file
    assert not knows(other, message(again=True))
    assert other.spooled == 0


def test_it_begins_with_none() -> None:
    """A database that remembers nothing."""
    assert not knows(Identifiers("file", Memory()), message(again=True))


def test_what_is_in_the_spool_is_known() -> None:
    """But for what is from a session that has ended since."""
    identifiers = after(message(7, epoch=3))
    identifiers.found(bound(message(5, epoch=2), message(8, epoch=3)))
    assert knows(identifiers, message(7, again=True, epoch=3))
    assert knows(identifiers, message(8, again=True, epoch=3))
    assert not knows(identifiers, message(5, again=True, epoch=2))
    identifiers.found([])
    identifiers.found(bound(message(9, epoch=4)))
    assert knows(identifiers, message(9, again=True, epoch=4))
    assert not knows(identifiers, message(8, again=True, epoch=3))


@pytest.mark.parametrize("last", [2, 3], ids=["the next batch", "one was passed over"])
@pytest.mark.parametrize("both", [False, True])
def test_what_the_sink_could_not_forget_is_void(last: int, both: bool) -> None:
    """Released while the last batch failed: the sink has its state, or that of batch 1; nobody knows."""
    identifiers = Identifiers("file", Memory())
    identifiers.keep(bound(message(7)))
    memory = Memory(1, identifiers.state())
    identifiers = Identifiers("file", memory)
    identifiers.keep(bound(message(8)))
    failed = Memory(last, identifiers.state())
    voided = identifiers.voided(ReleaseAsked(1, [7]))
    later = Identifiers("file", failed if both else memory, voided)
    assert not knows(later, message(7, again=True))
    assert knows(later, message(8, again=True)) == both


def test_the_same_batch_of_the_next_process_is_another() -> None:
    """It was never committed here, and has another message under the identifier there."""
    memory = Memory(1, after(message(7)).state())
    here = Identifiers("file", memory)
    here.state()
    voided = here.voided(ReleaseAsked(1, [7]))
    there = Identifiers("file", memory, voided)
    there.keep(bound(message(7)))
    assert knows(Identifiers("file", Memory(2, there.state()), voided), message(7, again=True))


def test_nothing_is_void_that_the_sink_has_not() -> None:
    """What stands in neither of its last two states needs no note; in a later state it is another message."""
    identifiers = Identifiers("file", Memory())
    identifiers.keep(bound(message(7)))
    identifiers.state()
    voided = identifiers.voided(ReleaseAsked(1, [7, 8]))
    assert len(voided) == 1
    identifiers.release(ReleaseAsked(1, [7]))
    identifiers.state()
    identifiers.keep(bound(message(7)))
    assert knows(Identifiers("file", Memory(3, identifiers.state()), voided), message(7, again=True))
    identifiers.release(ReleaseAsked(1, [7]))
    for _ in range(2):
        identifiers.state()
    assert identifiers.voided(ReleaseAsked(1, [7])) == []
