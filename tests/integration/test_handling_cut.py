"""Handlers that are still at it when the link is cut, or when there is no room for what they publish."""

from __future__ import annotations

import asyncio
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any

import pytest

from holdfast import Client, Message, Outbox, QoS, Retry, sync
from holdfast.errors import OutboxFull
from holdfast.testing import Broker, Proxy, eventually
from tests.integration.conftest import AnyBroker, MakeClient, on_tcp
from tests.support.handling import SOON, left_in_session


@pytest.fixture
def proxy(broker: AnyBroker) -> Iterator[Proxy]:
    """A network in front of the broker."""
    with Proxy(broker.url) as proxy:
        yield proxy


async def cut_under_long_handlers(
    make: MakeClient, proxy: Proxy, qos: QoS, every_s: float, takes_s: float, count: int
) -> None:
    running: set[str] = set()
    handled: Counter[str] = Counter()
    client = make(url=proxy.url)

    @client.on("long/{name}", qos=qos, concurrency=8, key="{name}")
    async def handle(name: str, payload: str) -> None:
        assert payload not in running
        running.add(payload)
        await asyncio.sleep(takes_s)
        running.discard(payload)
        handled[payload] += 1

    async with make() as sender, client:
        await client.ready(5)
        for number in range(count):
            await sender.publish(f"long/{number % 20}", str(number), qos=qos)
        cuts = 0
        while len(handled) < count:
            await asyncio.sleep(every_s)
            proxy.reset()
            cuts += 1
        await eventually(lambda: client.status == "connected")
        await client.ready(5)
    assert client.snapshot().errors == 0
    assert cuts > 5
    if qos == 2:
        assert set(handled.values()) == {1}


@on_tcp
@pytest.mark.parametrize("qos", [1, 2])
async def test_long_handlers_over_a_link_that_is_cut(make: MakeClient, proxy: Proxy, qos: QoS) -> None:
    """Reset every 0.2 s, handlers of 0.3 s: nothing lost, never two runs of one message at a time."""
    await cut_under_long_handlers(make, proxy, qos, every_s=0.2, takes_s=0.3, count=60)


@pytest.mark.chaos
@on_tcp
@pytest.mark.parametrize("qos", [1, 2])
async def test_long_handlers_for_minutes(make: MakeClient, proxy: Proxy, qos: QoS) -> None:
    """The same at full size: reset every 2 s, handlers of 12 s, two minutes of them."""
    await cut_under_long_handlers(make, proxy, qos, every_s=2, takes_s=12, count=80)


@on_tcp
@pytest.mark.parametrize("options", [{}, {"concurrency": 4, "key": "{name}"}], ids=["in order", "by key"])
@pytest.mark.parametrize("qos", [1, 2])
async def test_a_repeat_joins_the_run_that_is_under_way(
    make: MakeClient, proxy: Proxy, qos: QoS, options: dict[str, Any]
) -> None:
    """Contract 14, over retries and resets: no second run, attempts go on counting, one acknowledgement."""
    attempts: defaultdict[str, list[int]] = defaultdict(list)
    well = asyncio.Event()
    client = make(url=proxy.url)

    @client.on("join/{name}", qos=qos, retries=SOON, **options)
    async def handle(message: Message, name: str) -> None:
        attempts[name].append(message.attempt)
        if not well.is_set():
            raise Retry

    async with client:
        await client.ready(5)
        for number in range(3):
            await client.publish(f"join/{number}", "x", qos=qos)
        for cut in range(1, 4):
            await eventually(lambda: len(attempts["0"]) > 3 * cut)  # noqa: B023
            proxy.reset()
            await eventually(lambda: client.snapshot().connections == 1 + cut)  # noqa: B023
            await client.ready(5)
        well.set()
        await eventually(lambda: client.snapshot().handled == 3)
        await client.flush(5)
    for numbers in attempts.values():
        assert numbers == list(range(1, len(numbers) + 1))
    assert await left_in_session(make, client.client_id, "join/#") == []


@pytest.mark.parametrize("threaded", [False, True])
async def test_publishing_in_handlers_never_waits(threaded: bool) -> None:
    """Contract 11: with four at it and no room left each publish works or fails at once."""
    at_once: list[bool] = []
    with Broker(strict=True) as broker:
        client = Client(broker.url, client_id="full", outbox=Outbox(max_messages=20), reconnect="lan")
        blocking = sync.over(client)

        def publish_on_a_thread(payload: str) -> None:
            with judged(at_once):
                blocking.publish("out", payload)

        async def publish_on_the_loop(payload: str) -> None:
            with judged(at_once):
                await client.publish("out", payload)

        handler = publish_on_a_thread if threaded else publish_on_the_loop
        client.on("in", concurrency=4, retries=SOON)(handler)
        async with client:
            await client.ready(5)
            broker.hold("PUBACK")
            for number in range(20):
                await client.publish("fill", str(number))
            for number in range(40):
                broker.publish("in", str(number))
            await eventually(lambda: at_once.count(False) > 40)
            broker.release()
            await eventually(lambda: client.snapshot().handled == 40)
            await client.flush(5)
        out = [message.text() for message in broker.messages("out")]
        assert sorted(out, key=int) == [str(number) for number in range(40)]
        assert broker.violations == []
    assert at_once.count(True) == 40
    assert client.snapshot().dead == 0


class judged:  # noqa: N801
    """Notes whether publishing worked, and that it did not wait."""

    def __init__(self, at_once: list[bool]) -> None:
        self._at_once = at_once

    def __enter__(self) -> None:
        self._began = time.monotonic()

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        assert time.monotonic() - self._began < 1
        assert kind in (None, OutboxFull)
        self._at_once.append(kind is None)
