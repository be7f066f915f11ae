"""The order of the end (contract 24), in shares of the time given."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from holdfast import Client, Limits, Will
from holdfast.errors import Stopped, Undelivered
from holdfast.testing import Broker, eventually
from tests.unit.client.conftest import engine_of

NOBODY = "mqtt://127.0.0.1:1"


@pytest.mark.parametrize("drain_s", [0, 0.1])
async def test_without_a_link_pending_messages_get_nine_tenths(drain_s: float) -> None:
    """Nothing to wait for but the link: 90 % of the time, then the truth."""
    client = Client(NOBODY, client_id="end", reconnect="lan")
    await client.start()
    await client.publish("x", "y")
    began = time.monotonic()
    with pytest.raises(Undelivered):
        await client.stop(drain_s)
    assert 0.8 * drain_s <= time.monotonic() - began < drain_s + 0.3


async def test_with_nothing_to_do_it_takes_no_time() -> None:
    """No link, no messages: at once, however long it might take."""
    client = Client(NOBODY, drain_s=60)
    await client.start()
    began = time.monotonic()
    ledger = await client.stop()
    assert time.monotonic() - began < 0.5
    assert ledger.pending == 0


async def test_handlers_get_six_tenths() -> None:
    """A handler that does not end is given up after 60 %, so that the acknowledgements of others leave."""
    with Broker(strict=True) as broker:
        client = Client(broker.url, client_id="end", reconnect="lan")
        entered = asyncio.Event()
        shares: list[float] = []

        @client.on("stuck")
        async def handle(payload: bytes) -> None:
            entered.set()
            await asyncio.Event().wait()

        await client.start()
        await client.ready(5)
        await client.publish("stuck", "x")
        await asyncio.wait_for(entered.wait(), 5)
        engine = engine_of(client)
        disconnect = engine.disconnect
        began = time.monotonic()

        def measured(session_expiry_s: int | None) -> None:
            shares.append((time.monotonic() - began) / 0.5)
            disconnect(session_expiry_s)

        engine.disconnect = measured  # type: ignore[method-assign]
        await client.stop(0.5)
        assert 0.55 < shares[0] < 0.95


@pytest.mark.parametrize("isolated", [False, True])
@pytest.mark.parametrize("drain_s", [0, 0.4])
async def test_the_offline_notice_is_waited_for_and_not_for_ever(isolated: bool, drain_s: float) -> None:
    """A broker that does not answer: 95 % of the time, then DISCONNECT behind it, no will (contract 24)."""
    with Broker(strict=True) as broker:
        will = Will("status", "offline", birth="online")
        client = Client(broker.url, client_id="end", will=will, isolated=isolated)
        await client.start()
        await client.ready(5)
        await eventually(lambda: len(broker.messages("status")) == 1)
        broker.hold("PUBACK")
        began = time.monotonic()
        await client.stop(drain_s)
        assert 0.9 * drain_s <= time.monotonic() - began < drain_s + 0.5
        await eventually(lambda: [one.text() for one in broker.messages("status")] == ["online", "offline"])
        assert broker.violations == []


async def test_first_subscription_grows_the_session() -> None:
    """Contract 2: a publisher that subscribed since CONNECT takes the longer expiry along at DISCONNECT."""
    with Broker(strict=True) as broker:
        client = Client(broker.url, client_id="grown", version="5", reconnect="lan")
        await client.start()
        await client.ready(5)
        assert client._state.terms is not None
        assert client._state.terms.session_expiry_s == 3600
        asked: list[int | None] = []
        engine = engine_of(client)
        disconnect = engine.disconnect

        def noted(session_expiry_s: int | None) -> None:
            asked.append(session_expiry_s)
            disconnect(session_expiry_s)

        engine.disconnect = noted  # type: ignore[method-assign]
        async with client.subscribe("x") as messages:
            await messages.ready(5)
            await client.stop()
        assert asked == [86_400]


async def test_nothing_is_given_up_as_unclaimed_meanwhile(caplog: pytest.LogCaptureFixture) -> None:
    """A reader has left, and the stop takes longer than ``unclaimed_s``: the next run reads what came."""
    entered = asyncio.Event()
    with Broker(strict=True) as broker:
        client = Client(broker.url, client_id="end", reconnect="lan", limits=Limits(unclaimed_s=0.05))

        @client.on("stuck")
        async def handle(payload: bytes) -> None:
            entered.set()
            await asyncio.Event().wait()

        async with Client(broker.url, client_id="other", reconnect="lan") as other:
            await client.start()
            leaving = client.subscribe("read", qos=1)
            await leaving.__aenter__()
            await client.ready(5)
            await other.publish("stuck", "x")
            await asyncio.wait_for(entered.wait(), 5)
            stopping = asyncio.create_task(client.stop(1.0))
            await eventually(lambda: client.status == "draining")
            await leaving.__aexit__(Stopped, Stopped("it goes"), None)
            await other.publish("read", "y")
            await other.flush(5)
            await stopping
        assert "dead letter" not in caplog.text
        await client.start()
        async with client.subscribe("read", qos=1) as messages:
            message = await asyncio.wait_for(anext(messages), 5)
            assert message.payload == b"y"
        await client.stop(0.1)


@pytest.mark.parametrize("isolated", [False, True])
async def test_who_asks_for_a_commit_afterwards_is_told(tmp_path: Path, isolated: bool) -> None:
    """None follows any more: nobody waits for it for ever."""
    client = Client(NOBODY, client_id="end", outbox=tmp_path / "o.db", isolated=isolated)
    await client.start()
    commits = client._running().commits
    await client.stop(0.5)
    with pytest.raises(Stopped, match="the client was stopped"):
        await asyncio.wait_for(commits.reached(1_000_000), 5)


async def test_cancelled_once_it_lets_go_of_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever the cancellation comes, also while tasks end: another client can have the file at once."""
    path = tmp_path / "outbox.db"
    client = Client(NOBODY, outbox=path)
    await client.start()
    core, ending = client._core, asyncio.Event()
    assert core is not None

    async def hang(*_: object) -> None:
        ending.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(core.keeper, "end", hang)
    waiting = asyncio.create_task(core.commits.reached(1_000))
    stopping = asyncio.create_task(client.stop(5))
    await asyncio.wait_for(ending.wait(), 5)
    stopping.cancel()
    with pytest.raises(asyncio.CancelledError):
        await stopping
    with pytest.raises(Stopped):
        await asyncio.wait_for(waiting, 5)
    async with Client(NOBODY, outbox=path) as other:
        assert (await other.publish("x", "y")).state == "pending"
