"""The link is the library's business: cuts, holes, restarts, freezes; nothing lost or out of order."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Iterator

import pytest

from holdfast import Client, Limits, Message, QoS
from holdfast.testing import Broker, Proxy, eventually
from tests.integration.conftest import AnyBroker, MakeClient, on_tcp, over_ip
from tests.support.mosquitto import Mosquitto

LATE_S = 0.25
"""What a loaded machine may add to a timer; 1.5 keep alives are the promise, 1.4 the rule."""


@pytest.fixture
def proxy(broker: AnyBroker) -> Iterator[Proxy]:
    """A network in front of the broker."""
    with Proxy(broker.url) as proxy:
        yield proxy


def collecting(client: Client, filter: str, qos: QoS = 1) -> list[str]:
    """The payloads that a handler of this filter gets."""
    got: list[str] = []

    @client.on(filter, qos=qos)
    async def handle(payload: str) -> None:
        got.append(payload)

    return got


def freeze(broker: AnyBroker) -> None:
    """The broker's process stands still."""
    if isinstance(broker, Broker):
        broker.freeze()
    elif isinstance(broker, Mosquitto):
        broker.signal(signal.SIGSTOP)


def thaw(broker: AnyBroker) -> None:
    """It goes on."""
    if isinstance(broker, Broker):
        broker.thaw()
    elif isinstance(broker, Mosquitto):
        broker.signal(signal.SIGCONT)


def forget(broker: AnyBroker) -> None:
    """It comes back without its sessions; what mosquitto did not save dies with a kill -9."""
    if isinstance(broker, Broker):
        broker.restart(forget=True)
    elif isinstance(broker, Mosquitto):
        broker.restart(signal.SIGKILL)


@over_ip
@pytest.mark.parametrize("qos", [1, 2])
async def test_cuts_lose_nothing_and_keep_the_order(make: MakeClient, proxy: Proxy, qos: QoS) -> None:
    """400 messages through five RSTs: all arrive, first arrivals in order, QoS 2 exactly once."""
    async with make(url=proxy.url) as sender, make(url=proxy.url) as reader:
        got = collecting(reader, "cut", qos)
        await reader.ready(5)
        for number in range(400):
            if number % 80 == 40:
                proxy.reset()
            await sender.publish("cut", str(number), qos=qos)
            if number % 10 == 0:
                await asyncio.sleep(0.001)
        await sender.flush(10)
        await eventually(lambda: len(set(got)) == 400, 10)
        assert list(dict.fromkeys(got)) == [str(n) for n in range(400)]
        if qos == 2:
            assert len(got) == 400
        assert sender.snapshot().reconnections >= 1
        assert sender.snapshot().ledger.acknowledged == 400


async def test_restart_with_its_sessions(make: MakeClient, broker: AnyBroker) -> None:
    """The broker restarts: backlog and subscription survive it, a new message never overtakes the backlog."""
    async with make() as sender, make() as reader:
        got = collecting(reader, "restart", 2)
        await reader.ready(5)
        await sender.ready(5)
        for number in range(50):
            await sender.publish("restart", str(number), qos=2)
        await eventually(lambda: len(got) == 50)
        broker.restart()
        for number in range(50, 100):
            await sender.publish("restart", str(number), qos=2)
        await sender.flush(10)
        await eventually(lambda: len(got) == 100, 10)
        assert got == [str(n) for n in range(100)]


async def test_session_forgotten(make: MakeClient, broker: AnyBroker) -> None:
    """A broker that forgot our session: subscribed again, accepted messages sent, told as event."""
    async with make() as client:
        events = client.events()
        got = collecting(client, "forgot", 1)
        await client.ready(5)
        forget(broker)
        for number in range(20):
            await client.publish("forgot", str(number))
        await client.flush(10)
        await client.ready(5)
        await client.publish("forgot", "end")
        await eventually(lambda: "end" in got)
        async with asyncio.timeout(5):
            async for event in events:
                if event.name == "session_lost":
                    break


@over_ip
async def test_refused_then_there(make: MakeClient, proxy: Proxy) -> None:
    """Nobody listens at first: no error in user code, and the link comes within 2 s of the first chance."""
    proxy.refuse()
    async with make(url=proxy.url) as client:
        receipt = await client.publish("later", "x")
        await eventually(lambda: client.snapshot().attempts >= 3)
        assert client.snapshot().cause == "refused"
        proxy.heal()
        began = time.monotonic()
        await receipt.acknowledged(5)
        assert time.monotonic() - began < 2


@over_ip
async def test_half_open_is_noticed(make: MakeClient, proxy: Proxy) -> None:
    """A black hole is noticed within 1.5 times the keep alive; after it heals everything goes on."""
    async with make(url=proxy.url, keepalive_s=1) as client:
        await client.ready(5)
        proxy.hole()
        began = time.monotonic()
        receipt = await client.publish("hole", "x")
        await eventually(lambda: client.snapshot().disconnections, 2)
        assert time.monotonic() - began <= 1.5 + LATE_S
        assert client.snapshot().disconnections == {"keepalive": 1}
        proxy.heal()
        await receipt.acknowledged(5)


@pytest.mark.parametrize("broker", ["builtin"], indirect=True)
async def test_half_open_while_sending(make: MakeClient, proxy: Proxy) -> None:
    """Sending into the hole all the time does not hide it."""
    async with make(url=proxy.url, keepalive_s=1) as client:
        await client.ready(5)
        proxy.hole()
        began = time.monotonic()
        while not client.snapshot().disconnections and time.monotonic() - began < 3:
            await client.publish("hole", "x", qos=0)
            await asyncio.sleep(0.05)
        assert time.monotonic() - began <= 1.5 + LATE_S
        proxy.heal()
        await client.flush(5)


@pytest.mark.parametrize("broker", ["mosquitto"], indirect=True)
async def test_idle_link_lives(make: MakeClient, broker: AnyBroker) -> None:
    """Without messages pings keep the link: it outlives what mosquitto allows a silent client."""
    async with make(keepalive_s=1) as client:
        await client.ready(5)
        with pytest.raises(AssertionError):
            await eventually(lambda: client.snapshot().disconnections, 2.2)
        assert client.snapshot().connections == 1


async def test_frozen_broker(make: MakeClient, broker: AnyBroker) -> None:
    """A broker that stands still is left after the keep alive; nothing is lost when it goes on."""
    async with make(keepalive_s=1) as client:
        await client.ready(5)
        freeze(broker)
        receipt = await client.publish("frozen", "x", qos=2)
        await eventually(lambda: client.snapshot().disconnections, 3)
        thaw(broker)
        await receipt.acknowledged(10)


@pytest.mark.parametrize("broker", ["mosquitto"], indirect=True)
async def test_slow_handler_slows_the_broker_and_keeps_the_link(make: MakeClient, broker: AnyBroker) -> None:
    """A handler slower than the messages: reading stops at inbox_bytes, the link lives, nothing is lost."""
    held = asyncio.Event()
    got: list[int] = []
    reader = make(keepalive_s=1, limits=Limits(inbox_bytes=1_000_000))

    @reader.on("slow")
    async def handle(payload: bytes) -> None:
        got.append(len(payload))
        await held.wait()

    async with reader, make() as sender:
        await reader.ready(5)
        for _ in range(60):
            await sender.publish("slow", b"x" * 100_000)
        with pytest.raises(AssertionError):
            await eventually(lambda: reader.snapshot().disconnections, 2)
        waiting = reader.snapshot().received
        assert 1 <= waiting < 40
        held.set()
        await eventually(lambda: len(got) == 60)
        assert reader.snapshot().connections == 1
        await sender.flush(5)


@on_tcp  # over WebSocket mosquitto 2.0.11 writes 4 KiB every 100 ms
@pytest.mark.parametrize("qos", [0, 1])
async def test_a_handler_that_publishes_while_reading_is_held(
    make: MakeClient, qos: QoS, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Behind with its messages, a handler awaits an acknowledgement: it comes, and nothing stands still."""
    monkeypatch.setattr("holdfast.client.pressure.BREATH_S", 0.01)
    reader = make(limits=Limits(inbox_bytes=20_000))
    got: list[bytes] = []

    @reader.on("in", qos=qos)
    async def forward(payload: bytes) -> None:
        got.append(payload)
        receipt = await reader.publish("out", "x")
        await receipt.acknowledged()

    async with reader, make() as sender:
        await reader.ready(5)
        for _ in range(50):
            await sender.publish("in", b"x" * 5000, qos=qos)
        await sender.flush(5)
        await eventually(lambda: len(got) + reader.snapshot().dropped_inbound == 50)
        assert got
        assert qos == 0 or len(got) == 50


@over_ip
async def test_half_closed(make: MakeClient, proxy: Proxy) -> None:
    """A broker that ends its half of the stream is left, and dialled anew."""
    async with make(url=proxy.url) as client:
        await client.ready(5)
        proxy.half_close()
        await eventually(lambda: client.snapshot().connections == 2)
        receipt = await client.publish("x", "y")
        await receipt.acknowledged(5)


@over_ip
async def test_slow_network(make: MakeClient, proxy: Proxy) -> None:
    """A link of 20 kB/s and 20 ms: messages in pieces, all there."""
    async with make(url=proxy.url) as client:
        got: list[Message] = []

        @client.on("slow/net")
        async def handle(message: Message) -> None:
            got.append(message)

        await client.ready(5)
        proxy.delay(0.02)
        proxy.rate(20_000)
        receipts = [await client.publish("slow/net", bytes([n]) * 400) for n in range(10)]
        for receipt in receipts:
            await receipt.acknowledged(5)
        await eventually(lambda: len(got) == 10)
        assert [one.payload for one in got] == [bytes([n]) * 400 for n in range(10)]
