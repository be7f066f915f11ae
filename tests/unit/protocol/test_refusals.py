"""Refusals: what the terms of a connection forbid is found out before it is sent."""

from __future__ import annotations

from holdfast.codec import V5, V311, Version, encode_publish
from holdfast.protocol import refusals
from holdfast.protocol.terms import Terms
from holdfast.values import replace
from tests.support.driven import row

TERMS = Terms(V5, "c", False, 0, 0)


def test_no_limits_no_refusal() -> None:
    """A broker that named no limit takes everything, and no row needs a look."""
    assert refusals.unlimited(TERMS)
    assert refusals.of_row(row(1, 2, retain=True), TERMS) is None


def test_maximum_qos() -> None:
    """A QoS above the broker's maximum is not sent [MQTT-3.2.2-11]."""
    terms = replace(TERMS, maximum_qos=1)
    assert refusals.of_row(row(1, 1), terms) is None
    assert refusals.of_row(row(1, 2), terms) == (0x9B, "this broker takes QoS 1 at most")
    assert not refusals.unlimited(terms)


def test_retain_available() -> None:
    """A retained message is not sent to a broker that keeps none [MQTT-3.2.2-14]."""
    terms = replace(TERMS, retain_available=False)
    assert refusals.of_row(row(1), terms) is None
    assert refusals.of_row(row(1, retain=True), terms) == (
        0x9A,
        "this broker does not keep retained messages",
    )
    assert not refusals.unlimited(terms)


def test_properties_without_a_place_keep_back_what_was_never_sent() -> None:
    """3.1.1 without leave to strip: an unsent row waits, one in flight must go on (contract 4)."""
    terms = replace(TERMS, version=V311, carries_properties=False)
    one = row(1, properties={"content_type": "x"})
    assert refusals.of_unsent(one, terms) == (0x83, "MQTT 3.1.1 cannot carry its content_type")
    assert refusals.of_row(one, terms) is None
    assert refusals.of_unsent(row(2), terms) is None
    assert refusals.of_unsent(one, replace(terms, carries_properties=True)) is None


def test_maximum_packet_size_is_the_whole_packet() -> None:
    """The limit counts the fixed header too, and is inclusive [MQTT-3.2.2-15]."""
    size = len(encode_publish("t", b"1", 1, False, False, 1, {}, V5))
    assert refusals.of_row(row(1), replace(TERMS, max_packet_bytes=size)) is None
    refused = refusals.of_row(row(1), replace(TERMS, max_packet_bytes=size - 1))
    assert refused == (0x95, f"{size} bytes as a packet, this broker takes {size - 1} at most")
    assert not refusals.unlimited(replace(TERMS, max_packet_bytes=size))


def test_the_size_counts_the_expiry() -> None:
    """What is added on the way out is part of the size (contract 10); 3.1.1 adds nothing."""

    def longer(version: Version) -> int:
        return refusals.wire_size(row(1, expires_at=1e9), version) - refusals.wire_size(row(1), version)

    assert longer(V5) == 5
    assert longer(V311) == 0
