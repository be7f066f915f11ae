"""The typed errors for what a broker refused, and for messages that were never sent."""

from __future__ import annotations

from os import getpid

from holdfast import reasons
from holdfast.client.outbox_option import Outbox
from holdfast.errors import (
    ConnectRefused,
    Dropped,
    Expired,
    KillsLink,
    OutboxError,
    OutboxUnwritable,
    PublishFailed,
    PublishRefused,
    Stopped,
    TooLarge,
)
from holdfast.outbox.ring import QOS0_RING
from holdfast.protocol import Failed
from holdfast.resilience import Verdict


def unsent(seq: int, state: str, why: str) -> PublishFailed:
    """The error for a message that was expired, or dropped because of ``why``."""
    if state == "expired":
        return Expired(f"message {seq} was too old before it could be sent", hint=_EXPIRED.get(why))
    sentence, hint = _DROPPED.get(why, (f"the outbox was full ({why})", _MORE_ROOM))
    return Dropped(f"message {seq} was given up: {sentence}", policy=why, hint=hint)


_MORE_ROOM = "the broker takes less than is published, or is away"
_EXPIRED = {"max_age_s": "it waited longer than Outbox(max_age_s=...)"}
_DROPPED = {
    QOS0_RING: (
        "too many of QoS 0 waited for a connection",
        "publish with qos=1 to keep it, or raise Limits(qos0_outbox=...)",
    ),
    "purge": ("it was purged by hand", None),
}


def publish_failed(record: Failed) -> PublishFailed:
    """The error for a message that was refused, or whose fate nobody knows (reason 0)."""
    if not record.reason:
        return PublishFailed(
            f"message {record.row.seq} on {record.row.topic} failed: {record.detail}",
            hint='Outbox(on_session_lost="resend") sends it again, at the price of a duplicate',
        )
    if record.kills:
        return _kills_link(record)
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


def _kills_link(record: Failed) -> KillsLink:
    row = record.row
    size = len(row.payload)
    error = KillsLink(
        f"message {row.seq} on {row.topic}, {size} bytes, was given up: {record.detail}",
        topic=row.topic,
        size=size,
        times=record.kills,
        hint="is it larger than this broker takes, or its topic one that the broker forbids? Its log may say",
    )
    if record.reason == reasons.PACKET_TOO_LARGE:
        error.__cause__ = TooLarge(reasons.sentence(record.reason))
    return error


def connect_refused(verdict: Verdict | None) -> ConnectRefused | None:
    """The broker's refusal behind a verdict, if there is one."""
    if verdict is None or verdict.code is None:
        return None
    name = reasons.name(verdict.code)
    return ConnectRefused(verdict.sentence, code=verdict.code, reason=name, hint=verdict.hint)


def foreign(outbox: Outbox, parent: int) -> OutboxError | Stopped:
    """The error for a child that uses a client of its parent (contract 26)."""
    hint = "make a client after the fork, each process its own"
    if outbox.path is None:
        return Stopped(f"this client belongs to process {parent}; this is its child {getpid()}", hint=hint)
    sentence = f"{outbox.path} belongs to process {parent}; this is its child {getpid()}"
    return OutboxError(sentence, path=str(outbox.path), hint=f"{hint}, and its own file")


def unfinished(outbox: Outbox, timeout_s: float) -> OutboxUnwritable:
    """The error for an outbox file that did not take what was handed over, or not in time."""
    return OutboxUnwritable(
        f"{outbox.path} did not take what was handed over last in {timeout_s:.1f} s: that was not accepted",
        path=str(outbox.path),
        hint="what was accepted before is in it; look at the disk",
    )
