"""Filters as a tree: the same answers as ``topics.matches``, at a cost that does not grow."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from holdfast.handling import FilterTree
from holdfast.handling.tree import CACHED_LENGTH, CACHED_TOPICS
from holdfast.topics import matches, validate_filter, validate_topic

LEVELS = ["a", "b", "", "$SYS", "$a"]

topics = st.lists(st.sampled_from(LEVELS), min_size=1, max_size=4).map("/".join).filter(bool)


@st.composite
def filters(draw: st.DrawFn) -> str:
    levels = draw(st.lists(st.sampled_from([*LEVELS, "+", "+"]), min_size=1, max_size=4))
    if draw(st.booleans()):
        levels[-1] = "#"
    return "/".join(levels) or "/"


@settings(max_examples=400)
@given(st.lists(filters(), max_size=12), st.lists(topics, min_size=1, max_size=6))
def test_the_tree_answers_as_the_definition(wanted: list[str], names: list[str]) -> None:
    """[MQTT-4.7.1-1..3, 4.7.2-1]: for any filters and topics the tree finds what ``matches`` says."""
    tree: FilterTree[int] = FilterTree()
    for number, filter in enumerate(wanted):
        validate_filter(filter)
        tree.add(filter, number)
    for topic in names:
        validate_topic(topic)
        expected = [number for number, filter in enumerate(wanted) if matches(filter, topic)]
        assert sorted(tree.find(topic)) == expected
        assert tree.find(topic) is tree.find(topic), "the second answer is the kept one"


@pytest.mark.parametrize(
    ("filter", "topic", "found"),
    [
        ("#", "a", True),
        ("#", "a/b/c", True),
        ("#", "/", True),
        ("a/#", "a", True),
        ("a/#", "a/", True),
        ("a/#", "ab", False),
        ("+", "a", True),
        ("+", "a/b", False),
        ("+/+", "/a", True),
        ("/+", "/a", True),
        ("+", "/a", False),
        ("a/+", "a", False),
        ("a/+", "a/", True),
        ("#", "$SYS", False),
        ("#", "$SYS/broker", False),
        ("+/broker", "$SYS/broker", False),
        ("$SYS/#", "$SYS", True),
        ("$SYS/#", "$SYS/broker", True),
        ("$SYS/+", "$SYS/broker", True),
        ("$SYS/+/#", "$SYS/broker/load", True),
        ("+/$SYS", "a/$SYS", True),
        ("A", "a", False),
    ],
)
def test_the_examples_of_the_standard(filter: str, topic: str, found: bool) -> None:
    """MQTT 5 §4.7.1-4.7.3: parent level, empty levels, single levels, $-topics, case."""
    tree: FilterTree[str] = FilterTree()
    tree.add(filter, "x")
    assert tree.find(topic) == (("x",) if found else ())


def test_values_of_one_filter_keep_their_order() -> None:
    """Several values of a filter are found in the order of adding, a repeated one each time."""
    tree: FilterTree[str] = FilterTree()
    for value in ("first", "second", "first"):
        tree.add("a/+", value)
    assert tree.find("a/b") == ("first", "second", "first")
    tree.remove("a/+", "first")
    assert tree.find("a/b") == ("second", "first")


@pytest.mark.parametrize("filter", ["a", "a/b/c", "a/b", "b", "+", "#"])
def test_removing_what_is_not_there(filter: str) -> None:
    """An unknown filter or value is no error and changes nothing."""
    tree: FilterTree[int] = FilterTree()
    tree.add("a/b", 1)
    tree.remove(filter, 2)
    assert tree.find("a/b") == (1,)


class Changes(RuleBasedStateMachine):
    """Subscribing and leaving in any order, beside a list of pairs."""

    def __init__(self) -> None:
        super().__init__()
        self.tree: FilterTree[int] = FilterTree()
        self.pairs: list[tuple[str, int]] = []

    @rule(filter=filters(), value=st.integers(0, 2))
    def add(self, filter: str, value: int) -> None:
        self.tree.add(filter, value)
        self.pairs.append((filter, value))

    @precondition(lambda self: self.pairs)
    @rule(data=st.data())
    def remove(self, data: st.DataObject) -> None:
        pair = data.draw(st.sampled_from(self.pairs))
        self.tree.remove(*pair)
        self.pairs.remove(pair)

    @rule(filter=filters())
    def remove_unknown(self, filter: str) -> None:
        self.tree.remove(filter, 99)

    @rule(topic=topics)
    def find(self, topic: str) -> None:
        expected = [value for filter, value in self.pairs if matches(filter, topic)]
        assert sorted(self.tree.find(topic)) == sorted(expected)

    @invariant()
    def no_empty_branch_is_kept(self) -> None:
        wanted = {"/".join(levels) for levels in paths(self.pairs)}
        assert {"/".join(levels) for levels in branches(self.tree._root)} == wanted


def paths(pairs: list[tuple[str, int]]) -> Iterator[list[str]]:
    for filter, _ in pairs:
        levels = filter.split("/")
        yield from (levels[: depth + 1] for depth in range(len(levels)))


def branches(node: Any) -> Iterator[list[str]]:
    for level, child in node.levels.items():
        yield [level]
        yield from ([level, *rest] for rest in branches(child))


def test_subscribing_and_leaving_for_years() -> None:
    """Promise 8: after any changes the tree holds the branches of its filters and no other."""
    run_state_machine_as_test(Changes, settings=settings(max_examples=60, stateful_step_count=30))


def test_the_cache_is_bounded_in_topics() -> None:
    """Promise 8: a device that makes a new topic for each message does not fill the memory."""
    tree: FilterTree[int] = FilterTree()
    tree.add("#", 1)
    for number in range(3 * CACHED_TOPICS):
        assert tree.find(f"t/{number}") == (1,)
    assert 0 < len(tree.known) <= CACHED_TOPICS


def test_the_cache_is_bounded_in_bytes() -> None:
    """Promise 8: topics may be 65,535 bytes long; such are looked up each time."""
    tree: FilterTree[int] = FilterTree()
    tree.add("#", 1)
    for length in (CACHED_LENGTH, CACHED_LENGTH + 1, 65_535):
        assert tree.find("x" * length) == (1,)
    assert {len(topic) for topic in tree.known} == {CACHED_LENGTH}
