"""Filters without a consumer: which somebody had enough of, and which wait for the next."""

from __future__ import annotations

from holdfast.client.dispatcher import identifier_of
from holdfast.client.left import Left
from holdfast.testing.manual_clock import ManualClock
from tests.unit.client.consuming import delivery


def test_remembered_for_a_while() -> None:
    """After the last message of it, or until somebody wants it; shared or not."""
    clock = ManualClock()
    left = Left(clock, 30)
    left.enough({"$share/g/a/+": 1, "b": 2})
    for _ in range(3):
        clock.advance(29)
        assert left.is_enough(delivery("a/1"))
    assert not left.is_enough(delivery("b"))
    left.wanted(["$share/other/a/+"])
    assert not left.is_enough(delivery("a/1"))


def test_the_topic_tells_what_is_kept() -> None:
    """Where the broker names no identifier."""
    left = Left(ManualClock(), 30)
    left.enough({"a/#": identifier_of("a/#")})
    left.kept = {"$share/g/a/+": 1}
    assert left.keeps(delivery("a/b"))
    assert not left.is_enough(delivery("a/b"))
    assert not left.keeps(delivery("a"))
    assert left.is_enough(delivery("a"))


def test_identifiers_tell_what_is_kept() -> None:
    """Where the broker names them they say it better than the topic."""
    left = Left(ManualClock(), 30)
    left.enough({"a/#": identifier_of("a/#")})
    left.kept = {"a/b": identifier_of("a/b")}
    assert left.is_enough(delivery("a/b", by=("a/#",)))
    assert not left.is_enough(delivery("a/b", by=("a/#", "a/b")))


def test_what_came_by_a_filter_that_nobody_knows_is_not_enough() -> None:
    """A process before this one left it in the session: its handler may come yet, whatever else matches."""
    clock, shared = ManualClock(), "$share/g/a/+"
    left = Left(clock, 30)
    left.enough({filter: identifier_of(filter) for filter in ("a/#", shared)})
    assert not left.is_enough(delivery("a/b", by=("+/b",)))
    assert not left.is_enough(delivery("a/b", by=("a/#", "+/b")))
    clock.advance(29)
    assert left.is_enough(delivery("a/b", by=("a/#",)))
    clock.advance(29)
    assert left.is_enough(delivery("a/b", by=("a/#",)))
    assert not left.is_enough(delivery("a/b", by=(shared,)))
