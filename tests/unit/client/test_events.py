"""Events: what they are called, and what they do not show."""

from __future__ import annotations

from holdfast.client.events import HandlerFailed, MessageFailed, SessionLost
from holdfast.errors import HoldfastError


def test_name_is_the_class_in_snake_case() -> None:
    """``SessionLost`` is session_lost."""
    assert SessionLost(message="", resent=0, uncertain=0).name == "session_lost"
    assert MessageFailed(message="", id=1, error=HoldfastError("x")).name == "message_failed"


def test_payloads_are_not_shown() -> None:
    """A payload may be anything: it is no part of the repr."""
    event = HandlerFailed(
        message="m", topic="t", payload=b"secret", error=ValueError(), attempt=1, retry_in_s=None
    )
    assert "secret" not in repr(event)
