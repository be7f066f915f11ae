"""The typed errors for what a broker refused, and for messages that were never sent."""

from __future__ import annotations

from holdfast import reasons
from holdfast.errors import ConnectRefused, Dropped, Expired, PublishFailed, PublishRefused, TooLarge
from holdfast.protocol import Failed
from holdfast.resilience import Verdict


def unsent(seq: int, state: str) -> PublishFailed:
    """The error for a message that was expired or dropped."""
    if state == "expired":
        return Expired(f"message {seq} was older than its expiry_s before it could be sent")
    return Dropped(
        f"message {seq} (QoS 0) was given up: too many waited for a connection",
        policy="drop_oldest",
        hint="publish with qos=1 to keep it, or raise Limits(qos0_outbox=...)",
    )


def publish_refused(record: Failed) -> PublishRefused:
    """The error for a message that was refused."""
    said = f" ({record.detail})" if record.detail else ""
    reason = reasons.name(record.reason)
    error = PublishRefused(
        f"message {record.row.seq} on {record.row.topic} was refused: {reason}{said}",
        code=record.reason,
        reason=reason,
        hint=reasons.sentence(record.reason),
    )
    if record.reason == reasons.PACKET_TOO_LARGE:
        error.__cause__ = TooLarge(record.detail)
    return error


def connect_refused(verdict: Verdict | None) -> ConnectRefused | None:
    """The broker's refusal behind a verdict, if there is one."""
    if verdict is None or verdict.code is None:
        return None
    name = reasons.name(verdict.code)
    return ConnectRefused(verdict.sentence, code=verdict.code, reason=name, hint=verdict.hint)
