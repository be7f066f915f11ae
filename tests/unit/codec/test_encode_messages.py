"""PUBLISH and its acknowledgements, written without packet objects: the same bytes as ``encode``."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.codec import (
    V5,
    V311,
    Version,
    encode_ack,
    encode_acks,
    encode_plain,
    encode_publish,
)
from holdfast.codec import encode as encode_function
from holdfast.codec import packet_types as kinds
from holdfast.codec.encode_messages import TOPICS_KEPT
from holdfast.errors import ConfigurationError
from holdfast.messages import NO_PROPERTIES, Outgoing, QoS
from tests.unit.codec.golden import raw
from tests.unit.codec.strategies import publishes


@pytest.mark.parametrize("version", [V311, V5])
@given(data=st.data())
def test_publish_two_ways(version: Version, data: st.DataObject) -> None:
    """The hot function and the packet give the same bytes."""
    p = data.draw(publishes(version))
    hot = encode_publish(p.topic, p.payload, p.qos, p.retain, p.dup, p.packet_id, p.properties, version)
    assert hot == encode_function(p, version)


@pytest.mark.parametrize("kind", [kinds.PUBACK, kinds.PUBREC, kinds.PUBREL, kinds.PUBCOMP])
def test_acknowledgements(kind: int) -> None:
    """MQTT 5 §3.4.2.1: success is left out; 3.1.1 has no reason code at all."""
    first = bytes((kinds.first_byte(kind),))
    assert encode_ack(kind, 0x1234, 0, V5) == first + raw("02 1234")
    assert encode_ack(kind, 0x1234, 0x92, V5) == first + raw("03 1234 92")
    assert encode_ack(kind, 0x1234, 0x92, V311) == first + raw("02 1234")


def test_many_topics() -> None:
    """More topics than are remembered, and one too long to be remembered, are encoded alike."""
    for name in [f"e/{index}" for index in range(TOPICS_KEPT + 10)] + ["x" * 200] * 2 + ["e/0"]:
        data = encode_publish(name, b"", 0, False, False, 0, NO_PROPERTIES, V311)
        assert data.endswith(len(name).to_bytes(2, "big") + name.encode())


def test_an_illegal_topic_is_refused_every_time() -> None:
    """A refused topic is not remembered as good."""
    for _ in range(2):
        with pytest.raises(ConfigurationError):
            encode_publish("a\0", b"", 0, False, False, 0, NO_PROPERTIES, V5)


@pytest.mark.parametrize("version", [V311, V5])
@given(
    rows=st.lists(
        st.tuples(
            st.sampled_from(("a", "b/c", "x" * 200)),
            st.sampled_from((b"", b"12", b"34", b"y" * 130, b"z" * 17_000)),
            st.sampled_from((1, 2)),
            st.booleans(),
        ),
        max_size=6,
    )
)
def test_a_run_of_messages(version: Version, rows: list[tuple[str, bytes, QoS, bool]]) -> None:
    """A group is the packets of its rows, whatever changes from row to row."""
    group = [(index + 1, Outgoing(index, *row)) for index, row in enumerate(rows)]
    parts: list[bytes] = []
    encode_plain(group, version, parts)
    assert b"".join(parts) == b"".join(
        encode_publish(row.topic, row.payload, row.qos, row.retain, False, packet_id, NO_PROPERTIES, version)
        for packet_id, row in group
    )


@pytest.mark.parametrize("version", [V311, V5])
@pytest.mark.parametrize("kind", [kinds.PUBACK, kinds.PUBREC])
def test_a_run_of_acknowledgements(version: Version, kind: int) -> None:
    """Many at once are the packets one by one, in the order given."""
    order = [3, 1, 65_535, 256]
    assert encode_acks(kind, order) == b"".join(encode_ack(kind, one, 0, version) for one in order)
    assert encode_acks(kind, []) == b""
