"""The outbox port and its books."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from holdfast.outbox import Ledger, Outbox
from holdfast.outbox.memory import MemoryOutbox
from holdfast.testing.manual_clock import ManualClock


def test_the_ledger_has_a_column_for_every_way_to_end() -> None:
    """Contract 7: accepted = acknowledged + sent + failed + expired + dropped + pending, and since when."""
    assert Ledger.__match_args__ == (
        *("accepted", "acknowledged", "sent", "failed", "expired", "dropped", "pending"),
        "since",
    )


def test_the_ledger_is_a_value() -> None:
    """A ledger read is a ledger kept: it cannot be written to, and equal numbers are equal."""
    since = datetime(2024, 1, 1, tzinfo=UTC)
    ledger = Ledger(6, 1, 1, 1, 1, 1, 1, since)
    assert ledger == Ledger(6, 1, 1, 1, 1, 1, 1, since)
    with pytest.raises(AttributeError, match="cannot be changed"):
        ledger.accepted = 7


def test_memory_fills_the_port() -> None:
    """MemoryOutbox has every verb and attribute of Outbox."""
    outbox: Outbox = MemoryOutbox(ManualClock())
    names = {name for name in {*vars(Outbox), *Outbox.__annotations__} if not name.startswith("_")}
    assert {"accept", "take", "write", "ledger", "draining", "on_ended"} <= names
    assert {name for name in names if not hasattr(outbox, name)} == set()
