"""What was never sent: receipts, a counter by reason, and few log lines."""

from __future__ import annotations

import pytest

from holdfast import Client
from holdfast.client import calm
from holdfast.client.core import Core
from holdfast.messages import Outgoing
from holdfast.testing import eventually


async def test_a_flood_of_dropped_messages_is_no_flood_of_log_lines(
    client: Client, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """QoS 0 given up: told at once, then together; every receipt ends."""
    monkeypatch.setattr(calm, "TOLD_EVERY_S", 0.02)
    receipts = [await client.publish("x", "y", qos=0) for _ in range(101)]
    await eventually(lambda: sum(one.state == "dropped" for one in receipts) == 100)
    await eventually(lambda: "99 messages of QoS 0 were given up" in caplog.text)
    lines = [one for one in caplog.records if "given up" in one.getMessage()]
    assert len(lines) == 2
    assert client.snapshot().ledger.dropped == 100
    assert client.snapshot().given_up == {"qos0_outbox": 100}


async def test_each_reason_is_told_and_counted(client: Client, run: Core) -> None:
    """Too old, purged, no room: an event each, with the reason in it, and a counter of its own."""
    events = client.events()
    run.telling.given_up.note([Outgoing(1, "t", b"")], "expired", "max_age_s")
    run.telling.given_up.note([Outgoing(2, "t", b"")], "dropped", "drop_oldest")
    run.telling.given_up.note([Outgoing(3, "t", b"")], "dropped", "purge")
    run.telling.close()
    reasons: set[str] = set()
    while len(reasons) < 3:
        event = await anext(events)
        if event.name == "dropped":
            reasons.add(event.__dict__["reason"])
    assert reasons == {"max_age_s", "drop_oldest", "purge"}
    assert client.snapshot().given_up == {"max_age_s": 1, "drop_oldest": 1, "purge": 1}
