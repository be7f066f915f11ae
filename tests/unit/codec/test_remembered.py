"""What a decoder remembers: the same topic and properties are decoded once, and the memory is bounded."""

from __future__ import annotations

from holdfast.codec import V5, Publish, encode_publish
from holdfast.codec.remembered import SECTIONS_KEPT, TOPICS_KEPT
from holdfast.messages import NO_PROPERTIES
from tests.unit.codec.feeding import fed


def test_same_topic_twice() -> None:
    """A topic seen before gives the very same text: it is checked once."""
    data = encode_publish("plant/1", b"", 0, False, False, 0, NO_PROPERTIES, V5)
    first, second = fed(data + data)
    assert isinstance(first, Publish)
    assert isinstance(second, Publish)
    assert first.topic is second.topic


def test_many_topics() -> None:
    """More topics than are remembered, and one too long to be remembered, are all right."""
    names = [f"t/{index}" for index in range(TOPICS_KEPT + 10)] + ["x" * 200] * 2
    data = b"".join(encode_publish(name, b"", 0, False, False, 0, NO_PROPERTIES, V5) for name in names)
    assert [packet.topic for packet in fed(data) if isinstance(packet, Publish)] == names


def test_same_properties_twice() -> None:
    """Properties seen before are decoded once, and nobody can change them for the next message."""
    data = encode_publish("t", b"", 0, False, False, 0, {"content_type": "text/plain"}, V5)
    first, second = fed(data + data)
    assert isinstance(first, Publish)
    assert isinstance(second, Publish)
    assert first.properties is second.properties
    assert not isinstance(first.properties, dict)


def test_many_properties() -> None:
    """More sections than are remembered, and one too long to be remembered, are all right."""
    types = [f"c/{index}" for index in range(SECTIONS_KEPT + 10)] + ["x" * 200] * 2
    data = b"".join(
        encode_publish("t", b"", 0, False, False, 0, {"content_type": name}, V5) for name in types
    )
    read = [packet.properties["content_type"] for packet in fed(data) if isinstance(packet, Publish)]
    assert read == types
