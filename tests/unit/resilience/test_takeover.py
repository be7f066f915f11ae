"""The suspicion that another client uses our client id (contract 20)."""

from __future__ import annotations

import pytest

from holdfast.resilience import TakeoverSuspicion, Verdict

CLOSED = Verdict("closed", "broker:1883 closed the connection", "The broker's log says why.")


def judged(*ends: tuple[str, float]) -> list[bool]:
    """Whether each of these ends (cause, seconds up) was worded as a suspicion."""
    suspicion = TakeoverSuspicion()
    found = []
    for cause, up_s in ends:
        verdict = suspicion.judge(Verdict(cause, "x", "y"), up_s)
        assert (verdict.cause, verdict.sentence) == (cause, "x"), "only the hint changes: it is no fact"
        found.append("client_id" in str(verdict.hint))
    return found


@pytest.mark.parametrize("cause", ["closed", "reset"])
def test_three_closes_without_a_word_soon_after_connecting(cause: str) -> None:
    """Contract 20: from the third on the hint asks for another client with the same client id."""
    assert judged(*[(cause, 5.0)] * 4) == [False, False, True, True]


def test_the_count_is_told() -> None:
    """The hint says how often it happened."""
    suspicion = TakeoverSuspicion()
    hints = [suspicion.judge(CLOSED, 0.1).hint for _ in range(4)]
    assert "3 times" in str(hints[2])
    assert "4 times" in str(hints[3])


def test_a_link_that_lasts_clears_the_suspicion() -> None:
    """More than 5 s of life: the count begins anew."""
    soon, later = ("closed", 1.0), ("closed", 5.1)
    assert judged(soon, soon, later, soon, soon, soon) == [False, False, False, False, False, True]


@pytest.mark.parametrize("cause", ["takeover", "keepalive", "protocol", "server_shutdown", "not_authorized"])
def test_a_named_cause_is_no_suspicion(cause: str) -> None:
    """With an error of ours or a word of the broker nothing is suspected, and the count begins anew."""
    assert judged(("closed", 1), ("closed", 1), (cause, 1), ("closed", 1)) == [False] * 4
