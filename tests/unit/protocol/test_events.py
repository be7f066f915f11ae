"""Events: facts for whoever drives the session."""

from __future__ import annotations

from holdfast.protocol.events import ProtocolError


def test_a_protocol_error_carries_its_reason_code() -> None:
    """The sentence is for the log, the reason code for our DISCONNECT (MQTT 5 §4.13)."""
    error = ProtocolError(0x93, "too many")
    assert (str(error), error.reason) == ("too many", 0x93)
