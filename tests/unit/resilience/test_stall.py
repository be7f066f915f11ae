"""What stood still, in words, and when it is to blame for a link."""

from __future__ import annotations

import pytest

from holdfast.resilience import Verdict
from holdfast.resilience.stall import Cause, Stall, of_stall

CLOSED = Verdict("closed", "broker:1883 closed the connection", "The broker's log says why.")


@pytest.mark.parametrize(
    ("cause", "where", "sentence", "hint"),
    [
        ("loop", "scan (a.py:7)", "the event loop was blocked for 35.0 s by scan (a.py:7)", "isolated=True"),
        ("loop", None, "the event loop was blocked for 35.0 s", "asyncio.to_thread"),
        ("gil", None, "code kept the GIL for 35.0 s, and every thread waited", "another process"),
        ("process", None, "this process stood still for 35.0 s", "no CPU"),
    ],
)
def test_in_words(cause: Cause, where: str | None, sentence: str, hint: str) -> None:
    """What it was, how long, where it is known by what, and what helps."""
    stall = Stall(34.96, cause, where)
    assert stall.sentence == sentence
    assert hint in stall.hint


@pytest.mark.parametrize(
    ("verdict", "stall", "limit_s", "blamed"),
    [
        (CLOSED, Stall(35, "loop"), 60, True),
        (CLOSED, Stall(29, "loop"), 60, False),
        (CLOSED, None, 60, False),
        (CLOSED, Stall(35, "loop"), 0, False),
        (Verdict("keepalive", "broker:1883 fell silent"), Stall(2, "gil"), 2, True),
        (Verdict("half_open", "broker:1883 fell silent"), Stall(2, "gil"), 2, True),
        (Verdict("timeout", "broker:1883 did not answer in time"), Stall(2, "process"), 2, True),
        (Verdict("takeover", "broker:1883 ended the connection"), Stall(35, "loop"), 60, False),
        (Verdict("refused", "broker:1883 refused the connection"), Stall(35, "loop"), 60, False),
    ],
)
def test_when_it_is_to_blame(verdict: Verdict, stall: Stall | None, limit_s: float, blamed: bool) -> None:
    """Where it took half of a limit that was missed; what the broker has reasons of its own for stays."""
    told = of_stall(verdict, stall, limit_s)
    if not blamed:
        assert told is verdict
    else:
        assert stall is not None
        assert told == Verdict("stalled", f"{stall.sentence}: {verdict.sentence}", stall.hint)
