"""Rules: what a topic gets where the caller does not say, and what is denied."""

from __future__ import annotations

from typing import Any

import pytest

from holdfast.client.rules import KNOWN_LENGTH, KNOWN_TOPICS, Rule, Rules, check_expiry, class_of
from holdfast.errors import ConfigurationError, Denied
from holdfast.messages import HIGH, LOW, NORMAL


def test_without_rules() -> None:
    """QoS 1, not retained, no expiry, the normal class."""
    found = Rules(()).find("a/b")
    assert (found.qos, found.retain, found.expiry_s, found.priority) == (1, False, None, NORMAL)


def test_the_first_that_matches_counts_alone() -> None:
    """A later rule adds nothing, not even where the first has no opinion."""
    rules = Rules(
        [
            Rule("status/+", retain=True, priority="high"),
            Rule("status/#", qos=2, expiry_s=30, priority="low"),
        ]
    )
    first = rules.find("status/a")
    assert (first.qos, first.retain, first.expiry_s, first.priority) == (1, True, None, HIGH)
    second = rules.find("status/a/b")
    assert (second.qos, second.retain, second.expiry_s, second.priority) == (2, False, 30, LOW)
    assert rules.find("status/a") is rules.known["status/a"]


def test_denied() -> None:
    """A rule without leave names itself and the topic; an earlier one may make an exception."""
    rules = Rules([Rule("zigbee2mqtt/bridge/request/#"), Rule("zigbee2mqtt/#", allow=False)])
    assert rules.find("zigbee2mqtt/bridge/request/info").qos == 1
    for _ in range(2):
        with pytest.raises(Denied, match=r"zigbee2mqtt/lamp/set.*zigbee2mqtt/#"):
            rules.find("zigbee2mqtt/lamp/set")


def test_topics_are_checked_and_remembered_in_bounds() -> None:
    """However many topics there are, and however long they are, memory is bounded."""
    rules = Rules(())
    for number in range(KNOWN_TOPICS + 10):
        rules.find(f"t/{number}")
    rules.find("long/" + "x" * KNOWN_LENGTH)
    assert len(rules.known) <= KNOWN_TOPICS
    assert max(map(len, rules.known)) <= KNOWN_LENGTH
    with pytest.raises(ConfigurationError):
        rules.find("t/#")


@pytest.mark.parametrize(
    "options",
    [
        {"filter": "a/#/b"},
        {"filter": "$share/g/a"},
        {"filter": "a", "qos": 3},
        {"filter": "a", "expiry_s": 0},
        {"filter": "a", "expiry_s": 1 << 33},
        {"filter": "a", "priority": "urgent"},
    ],
)
def test_a_wrong_rule_is_refused_when_it_is_made(options: dict[str, Any]) -> None:
    """Not when the first message comes."""
    with pytest.raises(ConfigurationError):
        Rule(**options)


def test_words_and_bounds() -> None:
    """The classes by name; an expiry is none, or something a broker can be told."""
    assert [class_of(name) for name in ("low", "normal", "high")] == [LOW, NORMAL, HIGH]
    for good in (None, 0.5, 0xFFFFFFFF):
        check_expiry(good)
