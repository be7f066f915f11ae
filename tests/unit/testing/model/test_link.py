"""link.py: one connection."""

from __future__ import annotations

import pytest

from holdfast.codec import Publish
from holdfast.testing.model.limits import BrokerLimits
from holdfast.testing.model.link import Link


def test_a_silent_link_has_a_deadline_only_with_keep_alive() -> None:
    """From the last byte on; keep alive 0 has none."""
    link = Link(1, BrokerLimits(), now=100)
    assert link.deadline() is None
    link.silence_s = 15
    assert link.deadline() == 115


def test_an_alias_stands_for_the_topic_it_came_with_last() -> None:
    """Set with a topic, used without, set anew; unknown or above the maximum it stands for none."""
    link = Link(1, BrokerLimits(), now=0)

    def topic(text: str, alias: int) -> str | None:
        return link.resolve(Publish(text, b"", properties={"topic_alias": alias}), highest=5)

    assert topic("", 2) is None
    assert [topic("a", 2), topic("", 2), topic("b", 2), topic("", 2)] == ["a", "a", "b", "b"]
    assert topic("c", 6) is None
    assert link.resolve(Publish("plain", b""), highest=0) == "plain"


def test_a_link_without_connect_has_no_owner() -> None:
    """Whoever asks for its session has let a packet pass before CONNECT."""
    with pytest.raises(AssertionError, match="refused on arrival"):
        Link(1, BrokerLimits(), now=0).owner()
