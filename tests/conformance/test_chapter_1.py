"""Chapter 1: strings."""

from __future__ import annotations

from holdfast import codec
from holdfast.codec import Connect, Disconnect, Version
from holdfast.errors import ConfigurationError
from holdfast.protocol import Closed
from holdfast.topics import validate_topic
from tests.conformance.versions import BOTH
from tests.support.driven import Driven


def _refused(version: Version, topic: bytes) -> None:
    """A PUBLISH with this topic ends the connection, and nothing is delivered."""
    driven = Driven(version)
    driven.up()
    properties = b"\0" if version == codec.V5 else b""
    body = len(topic).to_bytes(2, "big") + topic + properties + b"m"
    left = driven.raw(bytes((0x30, len(body))) + body)
    assert driven.deliveries == []
    assert [one.reason for one in driven.told(Closed)] == [0x81]
    assert left == ([Disconnect(0x81)] if version == codec.V5 else [])


def _never_written(version: Version, text: str) -> None:
    """No string of ours holds it: neither a topic nor anything else."""
    assert _complains(lambda: validate_topic(text))
    assert _complains(lambda: codec.encode(Connect(text, version=version), version))


def _complains(action: object) -> bool:
    assert callable(action)
    try:
        action()
    except ConfigurationError:
        return True
    return False


@BOTH
def test_1_5_4_1(version: Version) -> None:
    """Strings are well-formed UTF-8 and hold no surrogates, in what comes and in what we send."""
    for topic in (b"a\xed\xa0\x80", b"a\xff", b"a\xc3"):
        _refused(version, topic)
    _never_written(version, "a\ud800")


@BOTH
def test_1_5_4_2(version: Version) -> None:
    """Strings hold no null character, in what comes and in what we send."""
    _refused(version, b"a\0b")
    _never_written(version, "a\0b")
