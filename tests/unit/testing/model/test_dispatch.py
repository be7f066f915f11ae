"""dispatch.py: which packet is whose, and what is nobody's."""

from __future__ import annotations

import pytest

from holdfast.codec import V5, V311, Connack, Pingreq, Publish, Suback, Version, encode
from holdfast.testing.model import CLOSE, BrokerCore
from tests.unit.testing.bench import Bench, summary

VERSIONS = pytest.mark.parametrize("version", [V311, V5])


@VERSIONS
def test_a_ping_is_answered(version: Version) -> None:
    """[MQTT-3.12.4-1]"""
    bench = Bench(version=version)
    bench.connect("a")
    assert summary(bench.send("a", Pingreq())) == ["PINGRESP"]


@VERSIONS
def test_anything_before_connect_ends_the_link(version: Version) -> None:
    """[MQTT-3.1.0-1]"""
    bench = Bench(version=version)
    bench.open("a")
    assert summary(bench.send("a", Pingreq())) == ["CLOSE"]


@pytest.mark.parametrize("packet", [Connack(), Suback(1, [0])])
def test_what_no_client_may_send_ends_the_link(packet: Connack | Suback) -> None:
    """Packets of servers."""
    bench = Bench()
    bench.connect("a")
    name = type(packet).__name__.upper()
    assert summary(bench.send("a", encode(packet, V5))) == ["DISCONNECT 0x82", "CLOSE"]
    assert bench.core.violations == [f"a: {name}, which no client may send now"]


def test_what_came_before_malformed_bytes_counts() -> None:
    """The packets in front of them are taken, then the link ends with the decoder's reason."""
    bench = Bench()
    bench.connect("a")
    heard = bench.send("a", Publish("t", b"ok", 1, packet_id=1), b"\x36\x05\0\1t\0\1")
    assert summary(heard) == ["PUBACK 1 0x10", "DISCONNECT 0x81", "CLOSE"]
    assert [packet.payload for packet in bench.core.accepted] == [b"ok"]


def test_another_protocol_is_answered_in_words_all_understand() -> None:
    """CONNACK of 3.1.1 with return code 1 [MQTT-3.1.2-2]."""
    core = BrokerCore()
    core.open(1, 0)
    core.receive(1, b"\x10\x0e\0\6MQIsdp\3\2\0\x3c\0\0", 0)
    assert core.take() == [(1, b"\x20\2\0\1"), (1, CLOSE)]
