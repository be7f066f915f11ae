"""A blocked event loop: with isolation the link stands, without it the stall is named (contract 23)."""

from __future__ import annotations

import asyncio
import os
import re
import threading
from collections.abc import Iterator

import pytest

from holdfast import Client, Limits, sync
from holdfast.client.events import Disconnected, Stalled
from holdfast.testing import Broker, Proxy, eventually
from tests.integration.conftest import MakeClient, on_tcp


def block(seconds: float) -> None:
    """What a program does that keeps its loop from running; threads go on."""
    threading.Event().wait(seconds)


async def blocked(make: MakeClient, keepalive_s: float, seconds: float) -> None:
    """A loop that stands still: other threads publish, the broker keeps the link, messages wait for it."""
    got: list[str] = []
    client = make(keepalive_s=keepalive_s, isolated=True)

    @client.on("blocked/in")
    async def handle(payload: str) -> None:
        got.append(payload)

    async with client:
        await client.ready(5)
        publisher = threading.Thread(target=publish_now_and_then, args=(client, seconds))
        publisher.start()
        block(seconds)
        publisher.join()
        ledger = client.snapshot().ledger
        assert ledger.acknowledged == ledger.accepted >= 5
        await eventually(lambda: len(got) == ledger.accepted)
        snapshot = client.snapshot()
        assert (snapshot.connections, dict(snapshot.disconnections)) == (1, {})
    assert got == [str(number) for number in range(ledger.accepted)]


def publish_now_and_then(client: Client, seconds: float) -> None:
    """Five messages over most of this time, each waited for."""
    for number in range(5):
        threading.Event().wait(seconds / 8)
        sync.over(client).publish("blocked/in", str(number)).acknowledged(5)


@on_tcp
async def test_a_blocked_loop_costs_no_link(make: MakeClient) -> None:
    """Longer than a broker waits for a ping: no disconnect, and publishing from threads goes on."""
    await blocked(make, keepalive_s=1, seconds=2.5)


@pytest.mark.chaos
@on_tcp
async def test_35_seconds_at_keepalive_30(make: MakeClient) -> None:
    """The camera's case (contract 23, S5): a scan of 35 s, and then one of 70."""
    await blocked(make, keepalive_s=30, seconds=35)
    await blocked(make, keepalive_s=30, seconds=70)


@pytest.fixture
def proxy() -> Iterator[tuple[Broker, Proxy]]:
    """A network that can fail in front of a strict broker."""
    with Broker(strict=True) as broker, Proxy(broker.url) as proxy:
        yield broker, proxy
        assert broker.violations == []


async def test_it_reconnects_while_the_loop_is_blocked(proxy: tuple[Broker, Proxy]) -> None:
    """The link is cut and comes back, what waits is sent again: all without the loop; then it hears of it."""
    broker, network = proxy
    async with Client(network.url, client_id="cut", reconnect="lan", isolated=True) as client:
        await client.ready(5)
        events = client.events()
        broker.hold("PUBACK")
        client.publish_nowait("t", "x")
        wait_for(lambda: broker.messages("t"))
        network.reset()
        broker.release()
        wait_for(lambda: client._outbox.ledger().acknowledged == 1)
        assert client.snapshot().connections == 1  # it has yet to be told
        names = [(await asyncio.wait_for(anext(events), 5)).name for _ in range(2)]
        assert names == ["disconnected", "connected"]
        assert client.snapshot().connections == 2


def wait_for(check: object) -> None:
    """As ``eventually``, on a loop that stands still."""
    assert callable(check)
    for _ in range(5000):
        if check():
            return
        block(0.001)
    raise AssertionError("not in time")


async def test_a_flood_meets_its_bounds() -> None:
    """More than may wait comes in while the loop stands still: reading stops, and no QoS 1 is lost."""
    count, got = 400, list[int]()
    with Broker() as broker:
        limits = Limits(inbox_bytes=20_000, receive_maximum=1000)
        client = Client(broker.url, client_id="flood", isolated=True, limits=limits)

        @client.on("flood")
        async def handle(payload: bytes) -> None:
            got.append(int(payload[:4]))

        async with client:
            await client.ready(5)
            for number in range(count):
                broker.publish("flood", b"%04d" % number + b"x" * 1000)
            block(0.3)
            assert got == []
            await eventually(lambda: len(got) == count)
    assert got == list(range(count))


async def test_every_loop_waits_for_itself() -> None:
    """Receipts may be awaited on any loop of any thread, the client's being blocked."""
    with Broker() as broker:
        async with Client(broker.url, isolated=True) as client:
            await client.ready(5)
            states: list[str] = []

            async def elsewhere() -> None:
                receipt = client.publish_nowait("t", "x")
                await receipt.acknowledged(5)
                states.append(receipt.state)

            thread = threading.Thread(target=lambda: asyncio.run(elsewhere()))
            thread.start()
            thread.join(5)
            assert states == ["acknowledged"]


def own_threads() -> list[str]:
    """Those of ours that there are, but for brokers."""
    return [
        thread.name
        for thread in threading.enumerate()
        if thread.name.startswith("holdfast") and "test" not in thread.name
    ]


@pytest.mark.chaos
async def test_a_thousand_starts_and_stops() -> None:
    """Isolated and blocking: no thread, no loop, no open file is left, and every message was taken."""
    with Broker() as broker:
        client = Client(broker.url, client_id="thousand", isolated=True)
        blocking = sync.Client(broker.url, client_id="blocking")
        opened = len(os.listdir("/proc/self/fd"))
        for _ in range(1000):
            async with client:
                await (await client.publish("t", "x")).acknowledged(10)
            with blocking:
                blocking.publish("t", "x").acknowledged(10)
            assert own_threads() == []
        assert broker.connects == 2000
        assert len(broker.messages("t")) == 2000
        await eventually(lambda: len(os.listdir("/proc/self/fd")) <= opened + 2)


# -- without isolation -----------------------------------------------------------------------


async def test_a_stall_that_costs_the_link_is_named(caplog: pytest.LogCaptureFixture) -> None:
    """The broker hung up as we were silent, and we were as the loop was blocked: that is the cause."""
    with Broker() as broker:
        await stalled(Client(broker.url, client_id="x", keepalive_s=1, reconnect="lan"))
    assert "the event loop was blocked for" in caplog.text


async def stalled(client: Client) -> None:
    """Blocked for longer than the broker has patience."""
    async with client:
        await client.ready(5)
        events = client.events()
        block(4)
        told = [await asyncio.wait_for(anext(events), 5) for _ in range(2)]
        stall, lost = told if told[0].name == "stalled" else told[::-1]
        assert isinstance(stall, Stalled)
        assert isinstance(lost, Disconnected)
        assert (stall.cause, lost.cause) == ("loop", "stalled")
        assert 2.5 <= stall.blocked_s <= 5
        assert re.match(r"block \(test_isolation.py:\d+\)", stall.where or "")
        assert re.match(r"the event loop was blocked for \d\.\d s by block", lost.message)
        assert "Client(isolated=True)" in lost.message
        await client.ready(5)
        assert dict(client.snapshot().disconnections) == {"stalled": 1}


@pytest.mark.chaos
@on_tcp
async def test_35_seconds_without_isolation(make: MakeClient) -> None:
    """As it was asked for: a stall of 35 s at keepalive 15 costs the link, and says so."""
    async with make(keepalive_s=15) as client:
        await client.ready(5)
        events = client.events()
        block(35)
        messages = [(await asyncio.wait_for(anext(events), 5)).message for _ in range(2)]
        assert all(re.match(r"the event loop was blocked for 3[45]\.\d s", message) for message in messages)


async def test_an_isolated_stall_is_told_and_costs_nothing() -> None:
    """The application hears how long it was blocked; the link knows nothing of it."""
    with Broker(strict=True) as broker:
        async with Client(broker.url, keepalive_s=1, isolated=True) as client:
            await client.ready(5)
            events = client.events()
            block(3)
            event = await asyncio.wait_for(anext(events), 5)
            assert isinstance(event, Stalled)
            assert event.cause == "loop"
        assert broker.violations == []
