"""Messages are values."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from holdfast.errors import PayloadError
from holdfast.messages import NO_PROPERTIES, Message, Outgoing


def test_defaults() -> None:
    """A bare message has QoS 0, no flags, no properties, and is a first attempt."""
    message = Message("t", b"x")
    assert (message.qos, message.retain, message.duplicate, message.attempt) == (0, False, False, 1)
    assert message.properties is NO_PROPERTIES
    assert message.captures == {}
    assert message.received_at == datetime(1970, 1, 1, tzinfo=UTC)


def test_properties_by_name() -> None:
    """The MQTT 5 properties are read from ``properties`` when asked for."""
    message = Message(
        "t",
        b"",
        properties={
            "content_type": "text/plain",
            "response_topic": "r",
            "correlation_data": b"1",
            "message_expiry_interval": 60,
            "user_property": (("a", "1"), ("a", "2")),
        },
    )
    assert (message.content_type, message.response_topic) == ("text/plain", "r")
    assert (message.correlation_data, message.expiry_s) == (b"1", 60)
    assert message.user_properties == (("a", "1"), ("a", "2"))


def test_no_properties() -> None:
    """What was not sent is None, or an empty tuple."""
    message = Message("t", b"")
    assert (message.content_type, message.response_topic, message.correlation_data) == (None, None, None)
    assert (message.expiry_s, message.user_properties) == (None, ())


def test_text_and_json() -> None:
    """The payload as text and as JSON."""
    message = Message("t", '{"grad": "\u00b0"}'.encode())
    assert message.text() == '{"grad": "\u00b0"}'
    assert message.json() == {"grad": "\u00b0"}


@pytest.mark.parametrize("payload", [b"{", b"\xff\xfe\xfd", b"[" * 100_000])
def test_not_json(payload: bytes) -> None:
    """A payload that is no JSON is told with its topic, nested ever so deep."""
    with pytest.raises(PayloadError, match="payload on a/b is not JSON"):
        Message("a/b", payload).json()


def test_not_text() -> None:
    """A payload that is not UTF-8 is told with its topic."""
    with pytest.raises(PayloadError, match="payload on a/b is not UTF-8"):
        Message("a/b", b"\xff").text()


def test_equal_by_what_it_carries() -> None:
    """Time of arrival, captures and attempt do not make another message; everything else does."""
    message = Message("t", b"x", 1, True, True, {"content_type": "a"})
    same = Message("t", b"x", 1, True, True, {"content_type": "a"}, {"c": "d"}, arrived=9.0, attempt=2)
    assert message == same
    others: list[Any] = [
        Message("u", b"x", 1, True, True, {"content_type": "a"}),
        Message("t", b"y", 1, True, True, {"content_type": "a"}),
        Message("t", b"x", 2, True, True, {"content_type": "a"}),
        Message("t", b"x", 1, False, True, {"content_type": "a"}),
        Message("t", b"x", 1, True, False, {"content_type": "a"}),
        Message("t", b"x", 1, True, True),
        "t",
    ]
    assert all(message != other for other in others)
    with pytest.raises(TypeError):
        hash(message)


def test_shown_without_its_payload() -> None:
    """A log line names a message and does not print what it carries."""
    assert repr(Message("t", b"secret", 1)) == "Message('t', 6 bytes, qos=1)"
    assert repr(Outgoing(7, "t", b"secret")) == "Outgoing(7, 't', 6 bytes, qos=1)"


def test_outgoing() -> None:
    """A row of the outbox: QoS 1, kept for ever and certain, unless said otherwise."""
    row = Outgoing(7, "t", b"x")
    assert (row.seq, row.topic, row.payload, row.qos, row.retain) == (7, "t", b"x", 1, False)
    assert (row.properties, row.expires_at, row.uncertain) == (NO_PROPERTIES, None, False)
