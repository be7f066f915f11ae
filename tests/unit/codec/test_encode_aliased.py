"""PUBLISH with an alias: the same bytes as the encoder of whole packets makes."""

from __future__ import annotations

import pytest

from holdfast.codec import V5, Publish, encode
from holdfast.codec.encode_aliased import aliased_head
from holdfast.errors import ConfigurationError
from holdfast.messages import QoS


@pytest.mark.parametrize("qos", [1, 2])
@pytest.mark.parametrize("retain", [False, True])
@pytest.mark.parametrize(("topic", "alias"), [("a/topic", 0), ("a/topic", 1), ("", 1), ("", 65_535)])
@pytest.mark.parametrize("size", [0, 100, 200, 20_000])
def test_as_the_whole_encoder(qos: QoS, retain: bool, topic: str, alias: int, size: int) -> None:
    """Setting an alias, using one, or without; every size of the remaining length."""
    head, tail = aliased_head(topic, alias, size, qos, retain)
    properties = {"topic_alias": alias} if alias else {}
    whole = encode(Publish(topic, bytes(size), qos, retain, False, 7, properties), V5)
    assert head + b"\0\7" + tail + bytes(size) == whole


def test_a_topic_that_cannot_be_sent() -> None:
    """Named, as everywhere."""
    with pytest.raises(ConfigurationError, match="topic"):
        aliased_head("t" * 65_536, 0, 1, 1, False)
