"""Topic names, topic filters, shared subscriptions and patterns with captures (MQTT 5 §4.7, §4.8.2)."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from holdfast.errors import ConfigurationError
from holdfast.topics import (
    MAX_BYTES,
    Pattern,
    matches,
    overlap,
    split_share,
    validate_filter,
    validate_share,
    validate_topic,
)

LEVEL = st.text(st.characters(exclude_characters="\0+#/{}", exclude_categories=["Cs"]), max_size=5)
NAME = st.lists(LEVEL, min_size=1, max_size=5).map("/".join).filter(lambda name: name and name[0] != "$")


@pytest.mark.parametrize("topic", ["a", "/", "a//b", "$SYS/load", "a b/ü", "a" * MAX_BYTES])
def test_legal_topic_names(topic: str) -> None:
    """A topic name is 1 to 65,535 bytes of any text without wildcards; empty levels count."""
    validate_topic(topic)


@pytest.mark.parametrize(
    ("topic", "clause"),
    [
        ("", "MQTT-4.7.3-1"),
        ("a\0", "MQTT-4.7.3-2"),
        ("a" * MAX_BYTES + "b", "MQTT-4.7.3-3"),
        ("ü" * 40_000, "MQTT-4.7.3-3"),
        ("a\ud800", "MQTT-1.5.4-1"),
        ("a/+", "MQTT-3.3.2-2"),
        ("a/#", "MQTT-3.3.2-2"),
    ],
)
def test_illegal_topic_names(topic: str, clause: str) -> None:
    """What a broker would close the connection for is refused here, with the clause."""
    with pytest.raises(ConfigurationError, match=clause):
        validate_topic(topic)


@pytest.mark.parametrize(
    "filter", ["#", "+", "a/#", "+/b/+", "/+", "a//#", "$share/g/a/+", "$share", "$SYS/#"]
)
def test_legal_filters(filter: str) -> None:
    """Wildcards fill whole levels, '#' only the last; a share prefix stands before a filter."""
    validate_filter(filter)


@pytest.mark.parametrize(
    ("filter", "clause"),
    [
        ("", "MQTT-4.7.3-1"),
        ("a/#/b", "MQTT-4.7.1-1"),
        ("a/b#", "MQTT-4.7.1-1"),
        ("a+/b", "MQTT-4.7.1-2"),
        ("$share/g/b+", "MQTT-4.7.1-2"),
        ("$share/g", "MQTT-4.8.2-1"),
        ("$share/g/", "MQTT-4.8.2-1"),
        ("$share//a", "MQTT-4.8.2-1"),
        ("$share/g+/a", "4.8.2-2"),
        ("$share/#/a", "4.8.2-2"),
    ],
)
def test_illegal_filters(filter: str, clause: str) -> None:
    """A filter that no broker may accept is refused here, with the clause."""
    with pytest.raises(ConfigurationError, match=clause):
        validate_filter(filter)


def test_a_share_is_split_off() -> None:
    """The group and the filter behind it; a filter without share has no group."""
    assert split_share("$share/workers/a/+") == ("workers", "a/+")
    assert split_share("a/+") == (None, "a/+")


def test_legal_share_name() -> None:
    """Any text without '/', '+' and '#' names a group."""
    validate_share("workers 1")


@pytest.mark.parametrize("group", ["", "a/b", "a+", "#"])
def test_illegal_share_names(group: str) -> None:
    """A group without name, or with a sign that has a meaning in filters, is refused."""
    with pytest.raises(ConfigurationError, match="share name"):
        validate_share(group)


@pytest.mark.parametrize(
    ("filter", "topic", "expected"),
    [
        ("a/b", "a/b", True),
        ("a/b", "a/B", False),
        ("a/b", "a/b/c", False),
        ("a/b/c", "a/b", False),
        ("a/+", "a/b", True),
        ("a/+", "a/", True),
        ("a/+", "a", False),
        ("+/+", "/a", True),
        ("+", "/a", False),
        ("a/#", "a", True),
        ("a/#", "a/b/c", True),
        ("#", "a/b", True),
        ("#", "$SYS/a", False),
        ("+/a", "$SYS/a", False),
        ("$SYS/#", "$SYS/a", True),
    ],
)
def test_matching(filter: str, topic: str, expected: bool) -> None:
    """The examples of MQTT 5 §4.7.1 and §4.7.2: level by level, '#' takes the parent too, '$' is apart."""
    assert matches(filter, topic) is expected


@given(topic=NAME, data=st.data())
def test_a_filter_made_of_a_topic_matches_it(topic: str, data: st.DataObject) -> None:
    """Levels replaced by '+', and a tail replaced by '#', still match."""
    levels = [data.draw(st.sampled_from([level, "+"])) for level in topic.split("/")]
    assert matches("/".join(levels), topic)
    cut = data.draw(st.integers(0, len(levels)))
    assert matches("/".join([*levels[:cut], "#"]), topic)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("a/b", "a/b", True),
        ("a/b", "a/c", False),
        ("a", "A", False),
        ("a/b", "a", False),
        ("a", "/a", False),
        ("a/+", "a/b", True),
        ("a/+", "a/", True),
        ("a/+", "a", False),
        ("+", "/a", False),
        ("a/+", "+/b", True),
        ("a/+/c", "+/b/+", True),
        ("a/+/c", "+/b/d", False),
        ("+", "#", True),
        ("#", "#", True),
        ("a/#", "a", True),
        ("a/#", "a/b/c", True),
        ("a/#", "a/+/c/#", True),
        ("a/#", "+/b", True),
        ("a/#", "b/#", False),
        ("a/+/#", "a", False),
        ("a/+/#", "a/b", True),
        ("#", "$SYS/a", False),
        ("+/a", "$SYS/a", False),
        ("$SYS/#", "$SYS/+/a", True),
        ("$SYS/#", "$other/#", False),
        ("$share/g/a/+", "a/b", True),
        ("$share/g/a/+", "$share/h/a/#", True),
        ("$share/g/a", "$share/g/b", False),
        ("$share/g/#", "$SYS/a", False),
    ],
)
def test_overlapping(one: str, other: str, expected: bool) -> None:
    """Some topic matches both: '#' takes the parent too, '$' is apart, and a group changes nothing."""
    assert overlap(one, other) is expected
    assert overlap(other, one) is expected


SHORT = [
    "/".join(levels)
    for depth in (1, 2, 3)
    for levels in product(("", "a", "$b"), repeat=depth)
    if levels != ("",)
]
WILD = st.lists(st.sampled_from(["", "a", "$b", "+"]), min_size=1, max_size=3)


@given(one=WILD, other=WILD, tails=st.tuples(st.booleans(), st.booleans()))
def test_filters_overlap_where_a_topic_matches_both(
    one: list[str], other: list[str], tails: tuple[bool, bool]
) -> None:
    """Of three levels every topic is tried that could tell them apart."""
    filters = [
        "/".join([*levels[: 3 - tail], *["#"] * tail])
        for levels, tail in zip((one, other), tails, strict=True)
    ]
    assume(all(filters))
    found = any(matches(filters[0], topic) and matches(filters[1], topic) for topic in SHORT)
    assert overlap(*filters) is found


def test_captures_by_name() -> None:
    """Named wildcards give their levels; the plain ones and the text stay unnamed."""
    pattern = Pattern("plant/{line}/+/{rest:#}")
    assert (pattern.text, pattern.filter) == ("plant/{line}/+/{rest:#}", "plant/+/+/#")
    assert pattern.names == ("line", "rest")
    assert pattern.captures("plant/7/x/a/b") == {"line": "7", "rest": "a/b"}
    assert pattern.captures("plant/7/x") == {"line": "7", "rest": ""}


def test_a_pattern_without_names_captures_nothing() -> None:
    """A plain filter is a pattern too."""
    assert Pattern("plant/+/temp").captures("plant/7/temp") == {}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("a/{x}/{x}", "twice"),
        ("a/{x}b", "no capture"),
        ("a/{x", "no capture"),
        ("a/x}", "no capture"),
        ("a/{}", "no capture"),
        ("a/{1x}", "no capture"),
        ("a/{x}\n", "no capture"),
        ("a/{x:+}", "no capture"),
        ("a/{x:#}/b", "MQTT-4.7.1-1"),
        ("", "MQTT-4.7.3-1"),
        ("$share/{group}/a", "4.8.2-2"),
    ],
)
def test_illegal_patterns(text: str, sentence: str) -> None:
    """A capture is {name} or {name:#}, fills its level, and is named once."""
    with pytest.raises(ConfigurationError, match=sentence):
        Pattern(text)
