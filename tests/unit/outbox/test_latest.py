"""Which rows a newer one on the same topic has superseded, through the policy that asks for it."""

from __future__ import annotations

from holdfast.messages import HIGH, LOW
from holdfast.outbox.latest import STALE, Latest
from tests.unit.outbox.full import Full
from tests.unit.outbox.inside import inside


def filled(*topics: str) -> Full:
    """One row on each of these topics; they are all there may be."""
    full = Full("latest_per_topic", max_messages=len(topics))
    full.accept(*map(full.made, topics))
    return full


def test_those_superseded_first_go_first() -> None:
    """Before the newest on the topic of the new row; the newest of other topics never."""
    full = filled("a", "b", "b", "a", "a")
    assert full.give_up(*[full.made("b")] * 4) == [2, 1, 4, 3]
    assert full.left() == [5]


def test_the_newest_is_the_last_accepted_whatever_its_class() -> None:
    """A low row that came later supersedes a high one."""
    full = Full("latest_per_topic", max_messages=2)
    full.accept(full.made("a", HIGH), full.made("a", LOW))
    assert full.give_up(full.made("z")) == [1]


def test_what_was_taken_is_neither() -> None:
    """It is no candidate as one of the superseded, and as the newest it has superseded nothing that comes."""
    full = filled("a", "a", "b")
    full.take(2)
    assert full.give_up(full.made("a")) is None
    assert full.left() == [3]


def test_a_row_that_comes_back_is_the_older_one() -> None:
    """Refused for now, it is superseded by what was accepted after it."""
    full = filled("a", "a")
    first = full.take(1)
    with inside(full.waiting) as waiting:
        waiting.defer(first[0], full.clock.now() + 60)
    assert full.give_up(full.made("z")) == [1]
    assert full.left() == [2]


def test_a_topic_may_come_again() -> None:
    """Once its newest has ended, the next row on it supersedes nothing."""
    full = filled("a", "b")
    assert full.give_up(full.made("a")) == [1]
    full.accept(full.made("a"))
    assert full.give_up(full.made("z")) is None
    assert full.left() == [2, 3]


class There:
    """Says which keys wait, and what it was asked."""

    def __init__(self, *keys: int) -> None:
        self.keys = keys
        self.asked: list[int] = []

    def __call__(self, key: int) -> bool:
        self.asked.append(key)
        return key in self.keys


def superseded(count: int) -> Latest:
    """So many superseded rows, by key from 1."""
    latest = Latest()
    latest.know([("t", key) for key in range(1, count + 2)])
    return latest


def test_rows_that_left_are_forgotten_once_they_are_the_most() -> None:
    """Behind one that waits too; then they are not asked about again."""
    latest = superseded(STALE + 10)
    latest.tidy(2, There(1, 700))
    there = There()
    latest.tidy(2, there)
    assert there.asked == [1, 700]


def test_few_rows_that_left_are_not_looked_for() -> None:
    """One look at the first, for each new row: more would be too much."""
    latest = superseded(STALE)
    there = There(1)
    latest.tidy(1, there)
    assert there.asked == [1]
