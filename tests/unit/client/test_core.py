"""One run of a client: what passes between the parts, looked at without a broker."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator

import pytest

from holdfast import Client, Limits
from holdfast.client import core as core_module
from holdfast.client.core import Core, refusal_of
from holdfast.errors import ConnectRefused, NotReady, Stopped, Undelivered
from holdfast.protocol import Anomaly, Granted, Opened, Oversize, SessionLost, Settled, Terms
from holdfast.resilience import Verdict
from holdfast.testing import eventually
from tests.unit.client.consuming import delivery

NOBODY = "mqtt://127.0.0.1:1"


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    """Started, without a broker."""
    client = Client(NOBODY, client_id="core", drain_s=0, limits=Limits(qos0_outbox=1, unclaimed_s=0.02))
    await client.start()
    yield client
    with contextlib.suppress(Undelivered):
        await client.stop()


def run_of(client: Client) -> Core:
    """Its present run."""
    assert client._core is not None
    return client._core


def test_refusal_behind_a_verdict() -> None:
    """Only a CONNACK that refused us is a ConnectRefused."""
    assert refusal_of(None) is None
    assert refusal_of(Verdict("reset", "reset")) is None
    refused = refusal_of(Verdict("credentials", "no", "hint", 0x86))
    assert isinstance(refused, ConnectRefused)
    assert (refused.code, refused.hint) == (0x86, "hint")


async def test_not_ready_says_why(client: Client) -> None:
    """Without a connection: its verdict; with one: the filters that have no answer."""
    with pytest.raises(NotReady) as unready:
        await client.ready(0.05)
    assert unready.value.cause == "refused"
    run = run_of(client)
    run.state.connected(Terms(5, "core", False, 0, 60))
    async with client.subscribe("a/#"):
        with pytest.raises(NotReady, match="a/#") as unready:
            await client.ready(0.001)
        assert unready.value.cause == "subscribing"
        run.batch([], [], [Granted("a/#", 1)])
        await client.ready(0)


async def test_a_flood_of_dropped_messages_is_no_flood_of_log_lines(
    client: Client, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """QoS 0 given up: told at once, then together; every receipt ends."""
    monkeypatch.setattr(core_module, "TOLD_EVERY_S", 0.02)
    receipts = [await client.publish("x", "y", qos=0) for _ in range(101)]
    await eventually(lambda: sum(one.state == "dropped" for one in receipts) == 100)
    await eventually(lambda: "99 QoS 0 messages were given up" in caplog.text)
    lines = [one for one in caplog.records if "given up" in one.getMessage()]
    assert len(lines) == 2
    assert client.snapshot().ledger.dropped == 100


async def test_news_of_the_session_become_events(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    """Expired, skipped, odd and lost sessions: each an event at its level; a clean session loses nothing."""
    caplog.set_level(logging.DEBUG, "holdfast")
    events = client.events()
    run = run_of(client)
    run.batch(
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
    assert run.dispatcher.drop_retained
    assert run.publisher.terms is not None


async def test_an_idle_subscription_does_not_freeze_the_others(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Entered and never read: after unclaimed_s its messages are told, and acknowledged (contract 15)."""
    monkeypatch.setattr(core_module, "IDLE_LOOK_S", 0.01)
    events = client.events()
    run = run_of(client)
    async with client.subscribe("idle") as idle, client.subscribe("busy") as busy:
        run.batch([delivery("idle", "1"), delivery("busy", "2")], [], [])
        assert (await anext(busy)).text() == "2"
        await eventually(lambda: client.snapshot().handled == 1)
        assert not idle.consumer.inbox.items
        assert busy.in_hand
    names = []
    while "unclaimed" not in names:
        names.append((await anext(events)).name)


async def test_a_defect_of_the_supervisor_ends_every_wait(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    """Should it ever fail itself: said aloud, FAILED, and nobody waits for a dead link."""

    def broken() -> None:
        raise KeyError("defect")

    waiting = asyncio.create_task(client.ready())
    await asyncio.sleep(0)
    run = run_of(client)
    run.state.dialling = broken  # type: ignore[method-assign]
    client.redial()
    with pytest.raises(Stopped):
        await asyncio.wait_for(waiting, 5)
    assert client.status == "failed"
    assert "the supervisor failed" in caplog.text
