"""The brokers that a client is told of: one, several, or groups of them (contract 3)."""

from __future__ import annotations

from typing import Any

import pytest

from holdfast import Client
from holdfast.client.brokers import Target, Url, parse_urls
from holdfast.errors import ConfigurationError


def places(url: Url) -> list[list[str]]:
    return [[address.place for address in group] for group in parse_urls(url)]


def test_one_or_several() -> None:
    """A str is a broker, a list is groups in the order of preference, a list in it one group."""
    assert places("mqtt://a") == [["a:1883"]]
    assert places(["mqtt://a", "mqtts://b"]) == [["a:1883"], ["b:8883"]]
    assert places((["mqtt://a1", "mqtt://a2"], "mqtt://b")) == [["a1:1883", "a2:1883"], ["b:1883"]]


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ([], "names no broker"),
        ([[]], "names no broker"),
        (["mqtt://a", []], "names no broker"),
        (5, "not int"),
        (["mqtt://a", None], "not NoneType"),
        ({"mqtt://a"}, "not set"),
        ([["mqtt://a", ["mqtt://b"]]], "list in the list of one group"),
        (["mqtt://a", "mqtt://A:1883"], "names a:1883 twice"),
        ([["mqtt://a", "mqtt://b"], "mqtts://b:1883"], "names b:1883 twice"),
        (["mqtt://a", "b"], "has no scheme"),
        (["mqtt://a", "mqtt://:secret@b"], "a password without a username"),
    ],
)
def test_what_makes_no_sense_is_refused(url: Any, words: str) -> None:
    """When the client is built, in one sentence, without a traceback of ours or a secret."""
    with pytest.raises(ConfigurationError, match=words) as refused:
        Client(url)
    assert "secret" not in f"{refused.value} {refused.value.hint}"


def test_a_target_is_a_value() -> None:
    """For whoever is told what is dialled."""
    assert Target("a:1883", "mqtt://a", 1) == Target("a:1883", "mqtt://a", 1)
    assert Target("a:1883", "mqtt://a") != Target("a:1883", "mqtt://a", 1)
