"""QoS 2 whose identifiers others remember, too: PUBCOMP waits for them (contract 5)."""

from __future__ import annotations

import pytest

from holdfast.codec import V5, V311, Pubrel, Version
from holdfast.protocol import Forgotten, ReleaseAsked, Restored
from tests.support.driven import Driven, incoming, names

BOTH = pytest.mark.parametrize("version", [V311, V5])


def taken_in(*packet_ids: int, version: Version = V5) -> Driven:
    """A session in which these messages are between PUBREC and PUBREL."""
    driven = Driven(version, holds_release=True)
    driven.up()
    for packet_id in packet_ids:
        driven.feed(incoming(packet_id, 2))
        driven.ack(driven.deliveries[-1])
    return driven


def asked(driven: Driven) -> ReleaseAsked:
    """The newest question."""
    return driven.told(ReleaseAsked)[-1]


@BOTH
def test_pubcomp_leaves_when_the_question_is_answered(version: Version) -> None:
    """Behind the record that the identifier is forgotten; until then it is known."""
    driven = taken_in(7, version=version)
    assert driven.feed(Pubrel(7)) == []
    assert driven.told(ReleaseAsked) == [ReleaseAsked(1, [7])]
    assert driven.told(Forgotten) == []
    assert names(driven.feed(incoming(7, 2, dup=True))) == ["PUBREC 7"]
    driven.durable = False
    assert driven.complete(asked(driven)) == []
    assert driven.told(Forgotten) == [Forgotten([7])]
    assert names(driven.commit()) == ["PUBCOMP 7"]


def test_a_run_of_pubrels_is_one_question() -> None:
    """And one record; what we do not know is answered at once."""
    driven = taken_in(1, 2, 3)
    assert names(driven.feed(Pubrel(1), Pubrel(9), Pubrel(2))) == ["PUBCOMP 9"]
    assert names(driven.complete(asked(driven))) == ["PUBCOMP 1", "PUBCOMP 2"]
    assert driven.told(ReleaseAsked) == [ReleaseAsked(1, [1, 2])]
    assert driven.told(Forgotten) == [Forgotten([1, 2])]


def test_a_pubrel_with_more_to_say_is_a_question_too() -> None:
    """With a reason code it is no part of a run."""
    driven = taken_in(7)
    assert driven.feed(Pubrel(7, 0x92)) == []
    assert names(driven.complete(asked(driven))) == ["PUBCOMP 7"]


def test_nothing_known_is_no_question() -> None:
    """There is nobody to wait for."""
    driven = taken_in()
    assert names(driven.feed(Pubrel(9))) == ["PUBCOMP 9"]
    assert driven.told(ReleaseAsked) == []


def test_an_answer_is_given_once() -> None:
    """Twice it would complete what came under the identifier since."""
    driven = taken_in(7)
    driven.feed(Pubrel(7))
    driven.complete(asked(driven))
    driven.feed(incoming(7, 2, b"another"))
    driven.ack(driven.deliveries[-1])
    assert driven.complete(asked(driven)) == []


def test_a_pubrel_twice_in_a_run_is_completed_once() -> None:
    """Whatever the broker means by it."""
    driven = taken_in(7)
    driven.feed(Pubrel(7), Pubrel(7))
    assert names(driven.complete(asked(driven))) == ["PUBCOMP 7"]


def test_an_answer_that_comes_after_the_link_answers_nothing() -> None:
    """The broker asks again on the next one [MQTT-4.4.0-1], and only that question can be answered."""
    driven = taken_in(7)
    driven.feed(Pubrel(7))
    before = asked(driven)
    driven.again()
    assert driven.complete(before) == []
    driven.feed(Pubrel(7))
    assert driven.complete(before) == []
    assert names(driven.complete(asked(driven))) == ["PUBCOMP 7"]


def test_a_late_answer_is_not_taken_for_another_message() -> None:
    """Asked on two links: by the time of the first answer the identifier may mean something else."""
    driven = taken_in(7)
    driven.feed(Pubrel(7))
    late = asked(driven)
    driven.again()
    driven.feed(Pubrel(7))
    driven.complete(asked(driven))
    driven.feed(incoming(7, 2, b"another"))
    driven.ack(driven.deliveries[-1])
    driven.feed(Pubrel(7))
    assert driven.complete(late) == []
    assert names(driven.complete(asked(driven))) == ["PUBCOMP 7"]


def test_an_identifier_that_is_used_anew_takes_its_question_along() -> None:
    """A broker that was killed forgets what it asked, and begins another message (contract 14, X1)."""
    driven = taken_in(7)
    driven.feed(Pubrel(7))
    driven.feed(incoming(7, 2, b"another"))
    driven.ack(driven.deliveries[-1])
    assert driven.complete(asked(driven)) == []
    driven.feed(Pubrel(7))
    assert names(driven.complete(asked(driven))) == ["PUBCOMP 7"]


def test_identifiers_of_an_earlier_process_are_asked_for_too() -> None:
    """What the file knows, a sink may remember as well."""
    driven = Driven(restored=Restored(epoch=3, received=[7]), holds_release=True)
    driven.up(True)
    assert driven.feed(Pubrel(7)) == []
    assert asked(driven) == ReleaseAsked(3, [7])
    assert names(driven.complete(asked(driven))) == ["PUBCOMP 7"]
