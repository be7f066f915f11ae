"""PUBCOMP waits for all who remember an identifier (contract 5)."""

from __future__ import annotations

import pytest

from holdfast.client.releases import Releases
from holdfast.protocol import ReleaseAsked


class Remembers:
    """A holder that answers when it is told to."""

    name = "table"

    def __init__(self, releases: Releases, place: str = "") -> None:
        self.place = place
        self.asked: list[ReleaseAsked] = []
        self._releases = releases
        releases.join(self)

    def release_asked(self, asked: ReleaseAsked) -> None:
        self.asked.append(asked)

    def answers(self, place: int = 0) -> None:
        self._releases.forgotten(self, self.asked[place])


@pytest.fixture
def answered() -> list[ReleaseAsked]:
    return []


@pytest.fixture
def releases(answered: list[ReleaseAsked]) -> Releases:
    made = Releases()
    made.answer = answered.append
    return made


def test_all_are_asked_and_the_last_answer_counts(releases: Releases, answered: list[ReleaseAsked]) -> None:
    """One answer of two is none; both are one."""
    one, two = Remembers(releases), Remembers(releases)
    asked = ReleaseAsked(1, [7])
    releases.asked(asked)
    assert one.asked == two.asked == [asked]
    one.answers()
    assert answered == []
    two.answers()
    assert answered == [asked]


def test_until_the_last_answer_it_is_open(releases: Releases) -> None:
    """The broker waits for PUBCOMP; nothing is open before it asks."""
    one, two = Remembers(releases), Remembers(releases)
    seen = [releases.open]
    releases.asked(ReleaseAsked(1, [7]))
    for holder in (one, two):
        holder.answers()
        seen.append(releases.open)
    assert seen == [False, True, False]


def test_the_end_of_the_run_leaves_nothing_open(releases: Releases) -> None:
    """Nobody would hear an answer."""
    Remembers(releases)
    releases.asked(ReleaseAsked(1, [7]))
    releases.end()
    assert not releases.open


def test_equal_questions_are_two(releases: Releases, answered: list[ReleaseAsked]) -> None:
    """The broker asks again after a lost link: the answer belongs to the question that was asked."""
    one = Remembers(releases)
    first, second = ReleaseAsked(1, [7]), ReleaseAsked(1, [7])
    releases.asked(first)
    releases.asked(second)
    one.answers(1)
    assert len(answered) == 1
    assert answered[0] is second


def test_who_leaves_is_waited_for_no_longer(releases: Releases, answered: list[ReleaseAsked]) -> None:
    """What only it had to answer is answered; what others have to waits for them."""
    one, two = Remembers(releases), Remembers(releases)
    first, second = ReleaseAsked(1, [7]), ReleaseAsked(1, [8])
    releases.asked(first)
    releases.asked(second)
    two.answers(0)
    releases.leave(one)
    assert answered == [first]
    two.answers(1)
    assert answered == [first, second]


def test_with_nobody_left_the_answer_comes_at_once(releases: Releases, answered: list[ReleaseAsked]) -> None:
    """The session goes on asking until the client starts anew."""
    one = Remembers(releases)
    releases.leave(one)
    releases.asked(ReleaseAsked(1, [7]))
    assert answered == [ReleaseAsked(1, [7])]


def test_an_answer_after_the_end_is_none(releases: Releases, answered: list[ReleaseAsked]) -> None:
    """The run is over, and the broker asks the next one."""
    one = Remembers(releases)
    releases.asked(ReleaseAsked(1, [7]))
    releases.end()
    one.answers()
    releases.asked(ReleaseAsked(1, [8]))
    one.answers(1)
    assert answered == []


def test_holders_of_one_name_are_told_apart(releases: Releases) -> None:
    """By their places, in whichever order they join; one alone needs none."""
    one = Remembers(releases, "a.db")
    assert releases.names == ["table"]
    two = Remembers(releases, "b.db")
    assert (releases.name_of(one), releases.name_of(two)) == ("table into a.db", "table into b.db")
    releases.leave(one)
    assert releases.names == ["table"]
