"""What a message says, as bytes and properties."""

from __future__ import annotations

import pytest

from holdfast.client.content import ABSENT, payload_of, properties_of
from holdfast.errors import ConfigurationError, PayloadError
from holdfast.messages import NO_PROPERTIES


@pytest.mark.parametrize("value", [{"a": [1, None]}, [], "text", None, 1.5, "é"])
def test_json_is_compact_utf8(value: object) -> None:
    """json= takes what JSON can hold, without spaces and without escapes."""
    data = payload_of(ABSENT, value)
    assert b" " not in data
    assert data.decode().isprintable()


@pytest.mark.parametrize("value", [object(), float("nan"), {1: {2, 3}}, "\ud800"])
def test_what_json_cannot_hold(value: object) -> None:
    """PayloadError, with the reason."""
    with pytest.raises(PayloadError, match="not writable as JSON"):
        payload_of(ABSENT, value)


def test_a_payload_or_json() -> None:
    """Neither is an empty message; both exclude each other."""
    assert payload_of(ABSENT, ABSENT) == b""
    assert payload_of("é", ABSENT) == "é".encode()
    with pytest.raises(TypeError, match="exclude each other"):
        payload_of(b"x", 1)


def test_properties() -> None:
    """None is none; pairs or a mapping become pairs; what cannot be encoded is refused here and now."""
    assert properties_of(None, ()) is NO_PROPERTIES
    assert properties_of("t", {"a": "b"}) == {"content_type": "t", "user_property": (("a", "b"),)}
    assert properties_of(None, [("a", "1"), ("a", "2")]) == {"user_property": (("a", "1"), ("a", "2"))}
    with pytest.raises(ConfigurationError):
        properties_of("\ud800", ())
