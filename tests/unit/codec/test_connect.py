"""CONNECT: what its flags may say, and in which version."""

from __future__ import annotations

import pytest

from holdfast import reasons
from holdfast.codec import V5, V311, Connect, Version, Will, encode
from holdfast.errors import ConfigurationError
from tests.unit.codec.feeding import fed, refused
from tests.unit.codec.golden import raw

MALFORMED = reasons.MALFORMED_PACKET
PROTOCOL = reasons.PROTOCOL_ERROR
UNSUPPORTED = reasons.UNSUPPORTED_PROTOCOL_VERSION

ILLEGAL = [
    ("MQTT-3.1.2-1", "another protocol", "0006'MQIsdp' 03 02 003C 0001'a'", UNSUPPORTED),
    ("MQTT-3.1.2-1", "lower case", "0004'mqtt' 05 02 003C 00 0001'a'", UNSUPPORTED),
    ("MQTT-3.1.2-1", "no name", "0000 05 02 003C 00 0001'a'", UNSUPPORTED),
    ("MQTT-3.1.2-1", "a name cut off", "00FF'MQTT' 05", MALFORMED),
    ("MQTT-3.1.2-2", "level 3", "0004'MQTT' 03 02 003C 0001'a'", UNSUPPORTED),
    ("MQTT-3.1.2-2", "level 6", "0004'MQTT' 06 02 003C 0001'a'", UNSUPPORTED),
    ("MQTT-3.1.2-2", "a bridge's 0x84", "0004'MQTT' 84 02 003C 0001'a'", UNSUPPORTED),
    ("MQTT-3.1.2-2", "no level", "0004'MQTT'", MALFORMED),
    ("MQTT-3.1.2-3", "reserved flag in 5", "0004'MQTT' 05 03 003C 00 0001'a'", MALFORMED),
    ("MQTT-3.1.2-3", "reserved flag in 3.1.1", "0004'MQTT' 04 03 003C 0001'a'", MALFORMED),
    ("MQTT-3.1.2-11", "will QoS without will", "0004'MQTT' 05 0A 003C 00 0001'a'", MALFORMED),
    ("MQTT-3.1.2-13", "will retain without will", "0004'MQTT' 04 22 003C 0001'a'", MALFORMED),
    ("MQTT-3.1.2-12", "will QoS 3", "0004'MQTT' 04 1E 003C 0001'a' 0001'w' 0000", MALFORMED),
    ("MQTT-3.1.2-9", "no will", "0004'MQTT' 04 06 003C 0001'a'", MALFORMED),
    ("MQTT-3.1.2-17", "no user name", "0004'MQTT' 04 82 003C 0001'a'", MALFORMED),
    ("MQTT-3.1.2-19", "no password", "0004'MQTT' 05 42 003C 00 0001'a'", MALFORMED),
    ("MQTT-3.1.2-16", "a user name not announced", "0004'MQTT' 05 02 003C 00 0001'a' 0001'u'", MALFORMED),
    ("MQTT-3.1.2-22 of 3.1.1", "only a password", "0004'MQTT' 04 42 003C 0001'a' 0001'p'", MALFORMED),
    ("MQTT-3.1.3-3", "no client id", "0004'MQTT' 05 02 003C 00", MALFORMED),
    ("MQTT-3.1.3-4", "client id not UTF-8", "0004'MQTT' 05 02 003C 00 0001 FF", MALFORMED),
    ("MQTT-3.1.3-11", "will topic not UTF-8", "0004'MQTT' 04 06 003C 0001'a' 0001 FF 0000", MALFORMED),
    ("MQTT-3.1.3-12", "user name not UTF-8", "0004'MQTT' 05 82 003C 00 0001'a' 0001 C0", MALFORMED),
    ("MQTT-1.5.4-2", "null in the client id", "0004'MQTT' 05 02 003C 00 0001 00", MALFORMED),
    ("MQTT-4.7.3-1", "empty will topic", "0004'MQTT' 04 06 003C 0001'a' 0000 0000", PROTOCOL),
    (
        "MQTT-4.7.0-1",
        "will topic with a wildcard",
        "0004'MQTT' 04 06 003C 0001'a' 0001'#' 0000",
        reasons.TOPIC_NAME_INVALID,
    ),
    ("MQTT 5 §3.1.2.10", "half a keep alive", "0004'MQTT' 04 02 00", MALFORMED),
    ("MQTT 5 §3.1.2.11", "no property length", "0004'MQTT' 05 02 003C", MALFORMED),
    ("MQTT 5 §3.1.2.11.3", "receive maximum 0", "0004'MQTT' 05 02 003C 03 210000 0001'a'", PROTOCOL),
    ("MQTT 5 §3.1.2.11.4", "packet size 0", "0004'MQTT' 05 02 003C 05 2700000000 0001'a'", PROTOCOL),
    ("MQTT 5 §3.1.2.11.6", "request response 2", "0004'MQTT' 05 02 003C 02 1902 0001'a'", PROTOCOL),
    ("MQTT 5 §3.1.2.11.7", "request problem 2", "0004'MQTT' 05 02 003C 02 1702 0001'a'", PROTOCOL),
    ("MQTT 5 §3.1.2.11.10", "data, no method", "0004'MQTT' 05 02 003C 04 160001'x' 0001'a'", PROTOCOL),
    ("MQTT 5 §2.2.2.2", "a will's property", "0004'MQTT' 05 02 003C 05 1800000001 0001'a'", MALFORMED),
]


@pytest.mark.parametrize(("statement", "what", "body", "reason"), ILLEGAL)
@pytest.mark.parametrize("step", [0, 1])
def test_illegal(statement: str, what: str, body: str, reason: int, step: int) -> None:
    """Each is refused with the reason code that CONNACK then carries."""
    octets = raw(body)
    octets = bytes((0x10, len(octets))) + octets
    error = refused(octets, step=step)
    assert (statement, what, error.reason) == (statement, what, reason)
    assert reasons.allowed("CONNACK", error.reason)


def test_password_without_user_name_in_5() -> None:
    """MQTT 5 §3.1.2.9: unlike 3.1.1, a password may stand alone."""
    data = raw("10 11 0004'MQTT' 05 42 003C 00 0001'a' 0001'p'")
    assert fed(data) == [Connect("a", keepalive=60, password=b"p")]


@pytest.mark.parametrize("text", ["\ud800", "a\0", "x" * 65_536], ids=["surrogate", "null", "too long"])
def test_texts_that_cannot_be_sent(text: str) -> None:
    """[MQTT-1.5.4-1] [MQTT-1.5.4-2] Surrogates, nulls and 64 KiB are refused before anything happens."""
    for connect in (Connect(text), Connect("c", username=text), Connect("c", will=Will(text, b""))):
        with pytest.raises(ConfigurationError):
            encode(connect, V5)


def test_numbers_that_cannot_be_sent() -> None:
    """Keep alive has two bytes; the password is not told."""
    with pytest.raises(ConfigurationError, match="keep alive is 65536, it must be 0 to 65535"):
        encode(Connect("c", keepalive=65_536), V5)
    with pytest.raises(ConfigurationError, match="password is 65536 bytes long, the limit is 65535"):
        encode(Connect("c", username="u", password=b"x" * 65_536), V5)


def test_password_alone_cannot_be_sent_in_311() -> None:
    """[MQTT-3.1.2-22] of 3.1.1: a password needs a user name."""
    with pytest.raises(ConfigurationError) as caught:
        encode(Connect("c", password=b"p", version=V311), V311)
    assert caught.value.hint == "give a user name, or speak version 5"


@pytest.mark.parametrize("version", [V311, V5])
def test_will_properties_belong_to_5(version: Version) -> None:
    """What 3.1.1 cannot say is left out."""
    will = Will("w", b"x", properties={"content_type": "t"})
    (connect,) = fed(encode(Connect("c", will=will, version=version), version))
    assert isinstance(connect, Connect)
    assert connect.will == (will if version == V5 else Will("w", b"x"))
