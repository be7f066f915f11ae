"""What the gateways' process says comes out as it went in."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from holdfast.cli.demo.links import Link
from holdfast.cli.demo.news import Books, Failure, News, Opened, Said, from_line, to_line
from holdfast.outbox import Ledger

LEDGER = Ledger(
    accepted=7, acknowledged=5, sent=0, failed=1, expired=0, dropped=0, pending=1,
    since=datetime(2026, 11, 21, tzinfo=UTC),
)  # fmt: skip


@pytest.mark.parametrize(
    "said",
    [
        News(7, 1, True, [Link("gateway-1"), Link("gateway-2", True, 1.5, 0.5, "reset", 2.25)]),
        Opened(214),
        Failure("1-000003", "message 4 was refused:\nQuota exceeded"),
        Books([LEDGER, LEDGER]),
    ],
)
def test_each_is_one_line_and_back(said: Said) -> None:
    """Of the same kind, with the same values, whatever is in the words."""
    line = to_line(said)
    assert "\n" not in line
    assert from_line(line.encode()) == said
