"""Every error ends in one sentence and the exit code of its kind."""

from __future__ import annotations

import pytest

from holdfast.cli.failures import Code, SettingsError, explain, with_hint
from holdfast.errors import (
    ConfigurationError,
    HoldfastError,
    NotReady,
    OutboxError,
    OutboxLocked,
    PublishRefused,
    Stopped,
    SubscribeRefused,
    Timeout,
)
from holdfast.ingest import SinkError


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ConfigurationError("x"), 2),
        (SettingsError("x"), 78),
        (SinkError("x", target="t"), 73),
        (OutboxError("x", path="p"), 73),
        (OutboxLocked("x", path="p", pid=1), 73),
        (NotReady("x"), 69),
        (Timeout("x"), 69),
        (Stopped("x"), 69),
        (PublishRefused("x", code=0x87, reason="Not authorized"), 1),
        (SubscribeRefused("x", filter="f", code=0x87, reason="Not authorized"), 1),
        (HoldfastError("x"), 1),
    ],
)
def test_the_code_of_each_kind(error: HoldfastError, code: int) -> None:
    """The codes are those of the table; the most exact kind counts."""
    assert explain(error).code == code


def test_the_sentence_has_its_next_step() -> None:
    """What happened, then what to do."""
    failure = explain(ConfigurationError("'x' has no scheme", hint="write mqtt://x"))
    assert failure.sentence == "'x' has no scheme. Write mqtt://x."


@pytest.mark.parametrize(
    ("sentence", "hint", "text"),
    [
        ("it is so", None, "it is so."),
        ("it is so.", None, "it is so."),
        ("it is so", "is it?", "it is so. Is it?"),
        ("is it so?", "do that", "is it so? Do that."),
    ],
)
def test_sentences_end_once(sentence: str, hint: str | None, text: str) -> None:
    """No full stop is doubled, none is missing."""
    assert with_hint(sentence, hint) == text


def test_codes_are_those_of_sysexits() -> None:
    """Supervisors and scripts know them: systemd, for one, may refuse to restart on 78."""
    assert [int(code) for code in Code] == [0, 1, 2, 69, 73, 78]
