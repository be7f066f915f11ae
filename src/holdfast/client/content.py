"""What a message says: payload or JSON as bytes, content type and user properties as MQTT 5 has them."""

from __future__ import annotations

from typing import Any, Final

from holdfast.client.options import to_bytes
from holdfast.codec.packet_types import PUBLISH
from holdfast.codec.properties import encode_properties
from holdfast.errors import PayloadError
from holdfast.messages import NO_PROPERTIES, Payload, Properties, UserProperties


class Absent:
    """The type of the payload that was not given."""


ABSENT: Final = Absent()


def payload_of(payload: Payload | Absent, json: Any) -> bytes:
    """The payload as bytes, or this value as JSON. Raises PayloadError, TypeError."""
    if json is ABSENT:
        return b"" if isinstance(payload, Absent) else to_bytes(payload)
    if payload is not ABSENT:
        raise TypeError("a payload and json= exclude each other")
    from json import dumps  # on first use: a program that never asks does not pay for it

    try:
        return dumps(json, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise PayloadError(f"not writable as JSON: {error}") from error


def properties_of(content_type: str | None, user_properties: UserProperties) -> Properties:
    """What MQTT 5 sends beside the payload. Raises ConfigurationError."""
    if content_type is None and not user_properties:
        return NO_PROPERTIES
    properties: dict[str, Any] = {}
    if content_type is not None:
        properties["content_type"] = content_type
    if user_properties:
        pairs = user_properties.items() if hasattr(user_properties, "items") else user_properties
        properties["user_property"] = tuple((str(name), str(value)) for name, value in pairs)
    # Refused here and now, whichever version is spoken: a row that cannot be encoded would block all others.
    encode_properties(properties, PUBLISH)
    return properties
