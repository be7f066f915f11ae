"""What the engine tells: how it reaches events, the log and receipts."""

from __future__ import annotations

import logging
from typing import Literal

import pytest

from holdfast import Client, Outbox
from holdfast.client.brokers import Target
from holdfast.client.core import Core
from holdfast.messages import Outgoing
from holdfast.protocol import (
    Anomaly,
    BrokerChanged,
    Challenge,
    Opened,
    Oversize,
    Reauthenticated,
    SessionLost,
    Settled,
    Terms,
)

NOBODY = "mqtt://127.0.0.1:1"


async def test_an_authentication_is_passed_on(client: Client, run: Core) -> None:
    """Its challenges go to whoever answers, its end is an event; a challenge is none, and shows nothing."""
    heard: list[object] = []
    run.telling.on_challenge = heard.append
    run.telling.on_reauthenticated = lambda: heard.append("done")
    events = client.events()
    asked = Challenge(b"secret", False)
    run.telling.batch([], [], [asked, Reauthenticated()])
    assert heard == [asked, "done"]
    names = {(await anext(events)).name}
    while "reauthenticated" not in names:
        names.add((await anext(events)).name)
    assert names <= {"reauthenticated", "connect_failed"}


async def test_news_of_the_session_become_events(
    client: Client, run: Core, caplog: pytest.LogCaptureFixture
) -> None:
    """Expired, skipped, odd and lost sessions: each an event at its level; a clean session loses nothing."""
    caplog.set_level(logging.DEBUG, "holdfast")
    events = client.events()
    run.telling.batch(
        [],
        [Settled([], "expired")],
        [
            Oversize("big", 99),
            Anomaly("redelivery", 1),
            SessionLost(2, 5, [], kept=True),
            SessionLost(3, 0, [], kept=False),
            Opened(Terms(4, "core", False, 0, 60)),
        ],
    )
    told = [await anext(events) for _ in range(4)]
    names = [event.name for event in told if event.name != "connect_failed"]
    assert names == ["dropped", "message_skipped", "odd", "session_lost"][: len(names)]
    assert "forgot our session" in caplog.text
    assert run.dispatcher._drop_retained
    assert run.publisher._terms is not None


async def test_another_broker_is_told_as_what_it_is(
    client: Client, run: Core, caplog: pytest.LogCaptureFixture
) -> None:
    """A backup is a failover; a server we were sent to, and that does not know us, is a lost session."""
    client._intents._granted["a"] = 1
    caplog.set_level(logging.WARNING, "holdfast")
    run.state.target = Target("b:1", "mqtt://b:1", 1)
    run.telling.batch([], [], [BrokerChanged("b:1", 3, [], True)])
    assert "failed over to b:1" in caplog.text
    assert client._intents._granted == {}
    run.state.connected(Terms(5, "core", False, 0, 60))
    run.telling.batch([], [], [BrokerChanged("r:1", 4, [], True, apart=True)])
    run.telling.batch([], [], [BrokerChanged("b:1", 5, [], True)])
    run.telling.batch([], [], [BrokerChanged("r:1", 6, [], False, apart=True)])
    said = "b:1 has another session of ours than the broker before: "
    assert [said + f"{count} messages" in caplog.text for count in (4, 5, 6)] == [True, True, False]
    assert client.snapshot().session_losses == 2


@pytest.mark.parametrize("choice", ["resend", "fail"])
async def test_what_becomes_of_uncertain_messages_is_told(
    choice: Literal["resend", "fail"], caplog: pytest.LogCaptureFixture
) -> None:
    """Only what is sent again may be a duplicate; what fails instead is named so (contract 6)."""
    async with Client(NOBODY, drain_s=0, outbox=Outbox(on_session_lost=choice)) as client:
        core = client._core
        assert core is not None
        row = Outgoing(1, "a", b"", 2)
        receipt = core.receipts.open(1, [row])
        core.telling.batch([], [], [SessionLost(2, 1, [row], kept=True)])
    assert receipt.maybe_duplicate is (choice == "resend")
    assert f"1 {'of them (QoS 2) may arrive twice' if choice == 'resend' else '(QoS 2) have'}" in caplog.text
