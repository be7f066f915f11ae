"""Packets are values."""

from __future__ import annotations

import pytest

from holdfast.codec import Auth, Disconnect, Pingreq, Puback, Publish, Pubrec, Suback
from holdfast.codec.packets import QOS
from holdfast.messages import NO_PROPERTIES


def test_defaults() -> None:
    """What 3.1.1 does not have keeps its default; no properties are the one shared mapping."""
    publish = Publish("t", b"")
    assert (publish.qos, publish.retain, publish.dup, publish.packet_id) == (0, False, False, 0)
    assert publish.properties is NO_PROPERTIES
    assert Puback(1) == Puback(1, 0, {}) != Puback(2)


def test_levels() -> None:
    """Each QoS stands at its own index."""
    assert [QOS[level] for level in range(3)] == [0, 1, 2]


def test_values() -> None:
    """Equal by class and fields, unequal across classes of one shape, and shown with both."""
    assert Puback(1, 0x10) == Puback(1, 0x10, {})
    assert Puback(1) != Pubrec(1)
    assert Disconnect() != Auth()
    assert Puback(1) != 1
    assert repr(Puback(1)) == "Puback(packet_id=1, reason=0, properties=mappingproxy({}))"
    assert repr(Pingreq()) == "Pingreq()"
    with pytest.raises(TypeError):
        hash(Puback(1))


def test_matched_by_position() -> None:
    """A packet can be taken apart by ``match``."""
    match Suback(7, [1]):
        case Suback(packet_id, reasons):
            assert (packet_id, reasons) == (7, [1])
