"""What only a person can mend (contract 19)."""

from __future__ import annotations

import pytest

from holdfast import reasons
from holdfast.codec import V5, V311
from holdfast.resilience import Verdict, of_close, of_connack, verdicts
from holdfast.resilience.retry import SLOW
from holdfast.resilience.transports import TRANSPORTS
from holdfast.resilience.troubles import ERRORS

ROWS = (*ERRORS, *TRANSPORTS)
CODES = range(0x80, 0xA3)


def judged() -> list[Verdict]:
    """Every verdict that a code of the broker can bring about."""
    connacks = [of_connack(code, "", "host:1", V5) for code in CODES]
    older = [of_connack(code, "", "host:1", V311) for code in reasons.RETURN_CODES]
    return [*connacks, *older, *(of_close(False, code, "", "host:1") for code in CODES)]


@pytest.mark.parametrize(
    "cause", ["refused", "reset", "closed", "timeout", "name", "unreachable", "tls", "keepalive", "function"]
)
def test_what_passes_by_itself(cause: str) -> None:
    """A broker that is away, or dies in a handshake, may be back any moment: the usual backoff."""
    assert not Verdict(cause, "").slow


@pytest.mark.parametrize("code", [0x88, 0x89])
def test_a_broker_that_is_busy_is_asked_again_soon(code: int) -> None:
    """Server unavailable and server busy: no person is needed."""
    assert not of_connack(code, "", "host:1", V5).slow


@pytest.mark.parametrize("code", [0x84, 0x85, 0x86, 0x87, 0x8A, 0x8C, 0x97, 0x9F])
def test_a_login_that_is_refused_is_asked_for_slowly(code: int) -> None:
    """A broker that is asked too often may lock the account (A15)."""
    assert of_connack(code, "", "host:1", V5).slow


def test_every_cause_of_the_list_exists() -> None:
    """A misspelt cause would be retried in the usual way, and nobody would notice."""
    assert {row.cause for row in ROWS} | set(verdicts._CAUSES.values()) >= SLOW


def test_whoever_is_to_mend_it_is_told_how() -> None:
    """Each slow cause comes with one sentence to act on, whatever brought it about."""
    hints = [(row.cause, row.hint) for row in ROWS] + [(one.cause, one.hint) for one in judged()]
    told = {(cause, hint) for cause, hint in hints if cause in SLOW}
    assert {cause for cause, _ in told} == SLOW
    assert all(hint is not None and len(hint.split()) > 5 and hint[-1] in ".?" for _, hint in told), told
