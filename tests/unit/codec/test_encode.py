"""encode: the standard's bytes, or one clear refusal."""

from __future__ import annotations

import pytest

from holdfast import reasons
from holdfast.codec import (
    V5,
    V311,
    Auth,
    Connack,
    Disconnect,
    OversizePublish,
    Packet,
    Puback,
    Publish,
    Suback,
    Subscribe,
    SubscribeOption,
    Unsuback,
    Unsubscribe,
    Version,
    encode,
)
from holdfast.errors import ConfigurationError
from tests.unit.codec.golden import GOLDEN, raw


@pytest.mark.parametrize(("version", "packet", "data"), [g[1:] for g in GOLDEN], ids=[g[0] for g in GOLDEN])
def test_golden(version: Version, packet: Packet, data: bytes) -> None:
    """This packet is the bytes of the standard."""
    assert encode(packet, version) == data


def test_311_leaves_out_what_it_does_not_have() -> None:
    """Properties, subscription options and reason codes of 5 vanish in 3.1.1."""
    props = {"user_property": (("a", "b"),)}
    assert encode(Publish("t", b"", properties=props), V311) == raw("30 03 0001't'")
    assert encode(Puback(1, 0x97, props), V311) == raw("40 02 0001")
    assert encode(Connack(False, 5, props), V311) == raw("20 02 00 05")
    option = SubscribeOption("a", 1, no_local=True, retain_as_published=True, retain_handling=2)
    assert encode(Subscribe(1, [option], props), V311) == raw("82 06 0001 0001'a' 01")
    assert encode(Suback(1, [0], props), V311) == raw("90 03 0001 00")
    assert encode(Unsubscribe(1, ["a"], props), V311) == raw("A2 05 0001 0001'a'")
    assert encode(Unsuback(1, [0], props), V311) == raw("B0 02 0001")
    assert encode(Disconnect(0x82, props), V311) == raw("E0 00")


UNSENDABLE: list[tuple[Packet, Version, str]] = [
    (Publish("t", b"", 1), V5, "packet identifier 0 is not 1 to 65535"),
    (Publish("t", b"", 2, packet_id=65_536), V311, "packet identifier 65536"),
    (Publish("a\0", b""), V5, "topic holds a null character"),
    (Publish("\ud800", b""), V311, "topic holds a surrogate"),
    (Publish("x" * 65_536, b""), V5, "topic is 65536 bytes long, the limit is 65535"),
    (Publish("t", bytes(268_435_453)), V311, "size of PUBLISH is 268435456, it must be 0 to 268435455"),
    (Publish("t", b"", properties={"reason_string": "x"}), V5, "'reason_string' has no place in PUBLISH"),
    (Puback(0), V5, "packet identifier 0"),
    (Puback(-1), V311, "packet identifier -1"),
    (Puback(1, 256), V5, "reason code is 256"),
    (Suback(1, [256]), V5, "reason code is 256"),
    (Connack(False, -1), V5, "reason code is -1"),
    (Subscribe(0, [SubscribeOption("a")]), V5, "packet identifier 0"),
    (Subscribe(1, [SubscribeOption("x" * 65_536)]), V311, "topic filter is 65536 bytes long"),
    (Unsubscribe(1, ["\0"]), V5, "topic filter holds a null character"),
    (Auth(), V311, "3.1.1 has no AUTH packet"),
    (OversizePublish("t", 0, 0, 10), V311, "OversizePublish is not a packet that can be sent"),
]


@pytest.mark.parametrize(
    ("packet", "version", "sentence"), UNSENDABLE, ids=lambda value: type(value).__name__
)
def test_unsendable(packet: Packet, version: Version, sentence: str) -> None:
    """What the wire cannot carry is refused, with the value and its bound."""
    with pytest.raises(ConfigurationError, match=sentence):
        encode(packet, version)


def test_reason_codes_stay_numbers() -> None:
    """Every code of the table can be sent in each of its packets."""
    for code in reasons.IN_PACKET["DISCONNECT"] - {0}:
        assert encode(Disconnect(code), V5) == bytes((0xE0, 1, code))
