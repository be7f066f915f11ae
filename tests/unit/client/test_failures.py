"""Errors made of what a broker or the outbox said."""

from __future__ import annotations

import os

import pytest

from holdfast.client.failures import connect_refused, foreign, publish_failed, unfinished, unsent
from holdfast.client.outbox_option import Outbox
from holdfast.errors import (
    ConnectRefused,
    Dropped,
    Expired,
    KillsLink,
    OutboxError,
    PublishFailed,
    PublishRefused,
    Stopped,
    TooLarge,
)
from holdfast.messages import Outgoing
from holdfast.protocol import Failed
from holdfast.resilience import Verdict


def test_refusal_behind_a_verdict() -> None:
    """Only a CONNACK that refused us is a ConnectRefused."""
    assert connect_refused(None) is None
    assert connect_refused(Verdict("reset", "reset")) is None
    refused = connect_refused(Verdict("credentials", "no", "hint", 0x86))
    assert isinstance(refused, ConnectRefused)
    assert (refused.code, refused.hint) == (0x86, "hint")


def test_refusal_is_facts_blame_and_next_step() -> None:
    """Code, name, the broker's words and a hint; a packet too large has TooLarge as its cause."""
    error = publish_failed(Failed(Outgoing(7, "plant/a", b""), 0x97, "slow down"))
    assert isinstance(error, PublishRefused)
    assert (error.code, error.reason) == (0x97, "Quota exceeded")
    assert "slow down" in str(error)
    assert "plant/a" in str(error)
    assert error.hint
    assert isinstance(publish_failed(Failed(Outgoing(7, "t", b""), 0x95, "1,000 bytes")).__cause__, TooLarge)


def test_a_message_whose_fate_nobody_knows_was_not_refused() -> None:
    """Reason 0: it may have arrived; the sentence says so, and the hint names the other choice."""
    error = publish_failed(Failed(Outgoing(7, "plant/a", b""), 0, "it may have arrived"))
    assert type(error) is PublishFailed
    assert "it may have arrived" in str(error)
    assert "on_session_lost" in str(error.hint)


def test_a_message_that_ends_the_link_is_named() -> None:
    """Topic, size and how often, as facts and in the sentence; TooLarge is the cause where that was said."""
    row = Outgoing(7, "plant/a", b"x" * 300)
    error = publish_failed(Failed(row, 0x80, "the link ended 5 times", kills=5))
    assert isinstance(error, KillsLink)
    assert (error.topic, error.size, error.times, error.__cause__) == ("plant/a", 300, 5, None)
    assert str(error) == "message 7 on plant/a, 300 bytes, was given up: the link ended 5 times"
    assert error.hint
    assert isinstance(publish_failed(Failed(row, 0x95, "", kills=5)).__cause__, TooLarge)


def test_an_outbox_that_did_not_end_in_time() -> None:
    """It names the file and the time, and says that nothing accepted is lost."""
    error = unfinished(Outbox("gateway.db"), 0.5)
    assert error.path == "gateway.db"
    assert "0.5 s" in str(error)
    assert "accepted before is in it" in str(error.hint)


@pytest.mark.parametrize(
    ("state", "why", "kind"),
    [
        ("expired", "expiry_s", Expired),
        ("expired", "max_age_s", Expired),
        ("dropped", "qos0_outbox", Dropped),
        ("dropped", "drop_oldest", Dropped),
        ("dropped", "purge", Dropped),
    ],
)
def test_what_was_never_sent_has_its_own_error(state: str, why: str, kind: type) -> None:
    """Expired and dropped have their own errors, which name the message, and the policy it fell to."""
    error = unsent(7, state, why)
    assert type(error) is kind
    assert "message 7" in str(error)
    assert getattr(error, "policy", why) == why


@pytest.mark.parametrize(("path", "kind"), [(None, Stopped), ("gateway.db", OutboxError)])
def test_a_client_of_the_parent(path: str | None, kind: type[Exception]) -> None:
    """Whose it is, who we are, and what to do instead; with a file it is the file that is not ours."""
    error = foreign(Outbox(path), 7)
    assert type(error) is kind
    assert f"process 7; this is its child {os.getpid()}" in str(error)
    assert "after the fork" in str(error.hint)
