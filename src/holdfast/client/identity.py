"""Who a client is: its id, and how long the broker keeps its session (contract 1, 2)."""

from __future__ import annotations

from os import urandom

from holdfast.codec.wire import write_text
from holdfast.errors import ConfigurationError

KEPT_S = 24 * 3600.0
KEPT_PUBLISHER_S = 3600.0
NEVER_EXPIRES_S = 0xFFFFFFFF


def check_client_id(client_id: str | None, session_expiry_s: float | None, kept: bool) -> str:
    """The id to use; "": the outbox file makes and keeps one (``kept``). Raises ConfigurationError."""
    if client_id is None:
        if kept:
            return ""
        if session_expiry_s:
            raise ConfigurationError(
                "a kept session needs a stable client_id",
                hint='client_id="gateway-7", the same at every start, or an outbox file, which keeps one',
            )
        return f"holdfast-{urandom(6).hex()}"
    if not client_id:
        raise ConfigurationError("client_id is empty", hint="leave it out for a random one")
    write_text(client_id, "client_id")
    return client_id


def check_session(client_id: str | None, session_expiry_s: float | None, kept: bool) -> float | None:
    """The session expiry; None: by role, as the id is stable. Raises ConfigurationError."""
    if session_expiry_s is not None:
        if not session_expiry_s >= 0:
            raise ConfigurationError(f"session_expiry_s must not be below 0, not {session_expiry_s}")
        return session_expiry_s
    return None if kept or client_id is not None else 0


def expiry_s(asked: float | None, subscribes: bool) -> int:
    """The session expiry of one CONNECT: by role, where none was given."""
    if asked is None:
        return int(KEPT_S if subscribes else KEPT_PUBLISHER_S)
    return int(min(asked, NEVER_EXPIRES_S))
