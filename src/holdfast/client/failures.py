"""The typed errors for what a broker refused, and for messages that were never sent."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
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


def publish_failed(record: Failed) -> Callable[[], PublishFailed]:
    """What makes the error for a message that was refused; of the row it keeps only the topic."""
    row, code, detail = record.row, record.reason, record.detail
    if not code:
        return partial(_unknown, row.seq, row.topic, detail)
    if record.kills:
        return partial(_kills_link, row.seq, row.topic, len(row.payload), record.kills, code, detail)
    return partial(_refused, row.seq, row.topic, code, detail)


def _unknown(seq: int, topic: str, detail: str) -> PublishFailed:
    return PublishFailed(
        f"message {seq} on {topic} failed: {detail}",
        hint='Outbox(on_session_lost="resend") sends it again, at the price of a duplicate',
    )


def _refused(seq: int, topic: str, code: int, detail: str) -> PublishRefused:
    said = f" ({detail})" if detail else ""
    reason = reasons.name(code)
    error = PublishRefused(
        f"message {seq} on {topic} was refused: {reason}{said}",
        code=code,
        reason=reason,
        hint=reasons.sentence(code),
    )
    if code == reasons.PACKET_TOO_LARGE:
        error.__cause__ = TooLarge(detail)
    return error


def _kills_link(seq: int, topic: str, size: int, times: int, code: int, detail: str) -> KillsLink:
    error = KillsLink(
        f"message {seq} on {topic}, {size} bytes, was given up: {detail}",
        topic=topic,
        size=size,
        times=times,
        hint="is it larger than this broker takes, or its topic one that the broker forbids? Its log may say",
    )
    if code == reasons.PACKET_TOO_LARGE:
        error.__cause__ = TooLarge(reasons.sentence(code))
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
