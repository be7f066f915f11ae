"""How soon the next attempt follows, by what went wrong (contract 19)."""

from __future__ import annotations

import pytest

from holdfast.resilience import verdicts
from holdfast.resilience.retry import _BY_CAUSE, retry_of
from holdfast.resilience.transports import TRANSPORTS
from holdfast.resilience.troubles import ERRORS

CAUSES = {row.cause for row in (*ERRORS, *TRANSPORTS)} | set(verdicts._CAUSES.values())


@pytest.mark.parametrize(
    "cause", ["refused", "reset", "closed", "timeout", "name", "unreachable", "server_busy", "keepalive"]
)
def test_what_passes_by_itself(cause: str) -> None:
    """A broker that is away or busy is dialled with the usual backoff: it may be back any moment."""
    assert retry_of(cause) == "backoff"


@pytest.mark.parametrize("cause", ["credentials", "not_authorized", "certificate", "takeover", "banned"])
def test_what_only_a_person_can_mend(cause: str) -> None:
    """Asked slowly: a broker that is asked too often may lock the account (A15)."""
    assert retry_of(cause) == "slow"


def test_a_defect_of_ours_is_not_repeated() -> None:
    """The one cause after which nothing follows."""
    assert retry_of("internal") == "stop"
    assert [cause for cause, retry in _BY_CAUSE.items() if retry == "stop"] == ["internal"]


def test_every_cause_of_the_table_exists() -> None:
    """A misspelt cause would be retried in the usual way, and nobody would notice."""
    assert set(_BY_CAUSE) - {"internal", "takeover"} <= CAUSES
