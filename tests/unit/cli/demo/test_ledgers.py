"""What the gateways' books come to."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from holdfast.cli.demo.ledgers import acknowledged, together
from holdfast.outbox import Ledger

NOW = datetime(2026, 11, 21, tzinfo=UTC)


def ledger(accepted: int, pending: int, since: datetime = NOW) -> Ledger:
    return Ledger(
        accepted=accepted, acknowledged=accepted - pending, sent=0, failed=0, expired=0, dropped=0,
        pending=pending, since=since,
    )  # fmt: skip


def test_the_books_of_all_are_the_sum() -> None:
    """Every column, since the earliest of them."""
    earlier = NOW - timedelta(hours=1)
    assert together([ledger(5, 1), ledger(7, 0, earlier)]) == ledger(12, 1, earlier)


def test_what_was_accepted_and_ended_was_acknowledged() -> None:
    """By gateway, from serial 0 on; what failed was not, and the last ones are pending."""
    found = acknowledged([ledger(3, 0), ledger(3, 2), ledger(0, 0)], {"1-000001"})
    assert found == {"1-000000", "1-000002", "2-000000"}
