"""Errors are facts, a sentence and a next step."""

from __future__ import annotations

import pytest

from holdfast import errors


def test_sentence_and_hint() -> None:
    """``str`` is the sentence; the hint is apart, and may be missing."""
    error = errors.HoldfastError("it broke", hint="mend it")
    assert (str(error), error.hint) == ("it broke", "mend it")
    assert errors.HoldfastError("it broke").hint is None


@pytest.mark.parametrize(
    ("error", "facts"),
    [
        (errors.NotReady("s", cause="refused", hint="h"), {"cause": "refused"}),
        (errors.NotReady("s", hint="h"), {"cause": None}),
        (errors.Refused("s", code=0x87, reason="no", hint="h"), {"code": 0x87, "reason": "no"}),
        (errors.ConnectRefused("s", code=5, reason="no", hint="h"), {"code": 5, "reason": "no"}),
        (
            errors.SubscribeRefused("s", filter="a/#", code=0x80, reason="no", hint="h"),
            {"filter": "a/#", "code": 0x80, "reason": "no"},
        ),
        (
            errors.PublishRefused("s", code=0x97, reason="no", hint="h"),
            {"code": 0x97, "reason": "no", "errors": ()},
        ),
        (errors.Dropped("s", policy="oldest", hint="h"), {"policy": "oldest"}),
        (
            errors.KillsLink("s", topic="t", size=3, times=5, hint="h"),
            {"topic": "t", "size": 3, "times": 5, "errors": ()},
        ),
        (errors.OutboxFull("s", limit=10, hint="h"), {"limit": 10}),
        (errors.LinkDown("s", cause="timeout", hint="h"), {"cause": "timeout"}),
        (errors.AuthenticationFailed("s", code=0x87, hint="h"), {"code": 0x87}),
        (errors.AuthenticationFailed("s", hint="h"), {"code": None}),
        (errors.OutboxError("s", path="a.db", hint="h"), {"path": "a.db"}),
        (errors.OutboxLocked("s", path="a.db", pid=7, hint="h"), {"path": "a.db", "pid": 7}),
        (errors.OutboxUnwritable("s", path="a.db", hint="h"), {"path": "a.db"}),
        (errors.Undelivered("s", pending=3, hint="h"), {"pending": 3}),
    ],
    ids=lambda value: type(value).__name__,
)
def test_facts(error: errors.HoldfastError, facts: dict[str, object]) -> None:
    """Each error keeps its facts as attributes, beside sentence and hint."""
    assert {name: getattr(error, name) for name in facts} == facts
    assert (str(error), error.hint) == ("s", "h")


@pytest.mark.parametrize(
    ("error", "base"),
    [
        (errors.ConfigurationError, ValueError),
        (errors.PayloadError, ValueError),
        (errors.Timeout, TimeoutError),
        (errors.NotReady, errors.Timeout),
        (errors.ConnectRefused, errors.Refused),
        (errors.SubscribeRefused, errors.Refused),
        (errors.PublishRefused, errors.Refused),
        (errors.PublishRefused, errors.PublishFailed),
        (errors.Expired, errors.PublishFailed),
        (errors.Dropped, errors.PublishFailed),
        (errors.KillsLink, errors.PublishFailed),
        (errors.OutboxFull, errors.Overload),
        (errors.LinkDown, errors.Overload),
        (errors.AuthenticationFailed, errors.HoldfastError),
        (errors.OutboxLocked, errors.OutboxError),
        (errors.OutboxUnwritable, errors.OutboxError),
        (errors.TooLarge, errors.HoldfastError),
        (errors.Undelivered, errors.HoldfastError),
        (errors.Stopped, errors.HoldfastError),
    ],
)
def test_kinds(error: type[Exception], base: type[Exception]) -> None:
    """Who catches the wider kind catches the narrower one; all are HoldfastErrors."""
    assert issubclass(error, base)
    assert issubclass(error, errors.HoldfastError)


def test_failed_group() -> None:
    """The error of a group says how many failed, why the first did, and keeps them all."""
    first, second = errors.Expired("too old"), errors.TooLarge("too big")
    failed = errors.PublishFailed.of_group([(3, first), (7, second)])
    assert str(failed) == "2 of the group failed; the first: too old"
    assert failed.errors == ((3, first), (7, second))
    assert errors.PublishFailed("one").errors == ()
