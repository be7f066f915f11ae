"""When the breaker refuses: each row of its table, and each border of a row."""

from __future__ import annotations

import pytest

from holdfast.resilience import Verdict
from holdfast.resilience.breaker import FAILURES, Breaker, breaker

REFUSED = Verdict("refused", "host:1 refused the connection")
LOGIN = Verdict("credentials", "host:1 refused the login")


@pytest.mark.parametrize(
    ("misses", "failures", "verdict", "expected"),
    [(False, 0, None, "closed"), (True, 0, None, "open"), (False, 9, LOGIN, "closed")],
)
def test_with_a_link_only_the_probe_opens_it(
    misses: bool, failures: int, verdict: Verdict | None, expected: Breaker
) -> None:
    """CONNACK closes it, whatever was before; two unanswered probes open it."""
    assert breaker(True, misses, failures, verdict, False) == expected


@pytest.mark.parametrize(
    ("failures", "verdict", "expected"),
    [
        (0, None, "closed"),
        (0, REFUSED, "closed"),
        (FAILURES - 1, REFUSED, "closed"),
        (FAILURES, REFUSED, "open"),
        (0, LOGIN, "open"),
        (1, LOGIN, "open"),
    ],
)
def test_without_a_link_the_third_failure_opens_it(
    failures: int, verdict: Verdict | None, expected: Breaker
) -> None:
    """Or one that waiting does not mend; and an attempt under way makes it half open."""
    trial = "half_open" if expected == "open" else "closed"
    assert breaker(False, False, failures, verdict, False) == expected
    assert breaker(False, False, failures, verdict, True) == trial


def test_what_the_probe_missed_before_the_link_ended_counts_no_more() -> None:
    """A link that fell silent and was closed is away like any other: it may be back in a moment."""
    assert breaker(False, True, 0, REFUSED, False) == "closed"
