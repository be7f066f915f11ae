"""Handlers that are slow, blocked, or fail for a while: the others go on, and so does the link."""

from __future__ import annotations

import asyncio
import shutil
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from holdfast import Client, Limits, Message, Retries, Retry
from holdfast.testing import eventually
from tests.integration.conftest import Version
from tests.support.mosquitto import Mosquitto

PATIENT = Retries(1_000_000, first_delay_s=0.05, max_delay_s=0.05)


WINDOW = 2000
"""Messages that the broker sends unacknowledged: on 3.1.1 it is its own number, on 5 ours."""


SIZE, BUDGET = 10_000, 1 << 20


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    """One that queues all there is."""
    if shutil.which("mosquitto") is None:
        pytest.skip("not installed here: mosquitto")
    lines = ("max_queued_messages 0", f"max_inflight_messages {WINDOW}")
    with Mosquitto(tmp_path / "mosquitto", *lines) as broker:
        yield broker


@pytest.fixture
def make(broker: Mosquitto, version: Version) -> Callable[..., Client]:
    """Clients of it."""

    def made(**options: Any) -> Client:
        return Client(broker.url, version=version, reconnect="lan", **options)

    return made


@pytest.mark.parametrize("concurrency", [1, 8])
async def test_one_key_fails_and_999_others_go_on(make: Callable[..., Client], concurrency: int) -> None:
    """At the cost they have without it, within the window; then it goes on, every key in its order."""
    got: defaultdict[str, list[int]] = defaultdict(list)
    well = asyncio.Event()
    client = make(client_id="keys", limits=Limits(receive_maximum=WINDOW))

    @client.on("key/{name}", key="{name}", retries=PATIENT, concurrency=concurrency)
    async def handle(message: Message, name: str) -> None:
        if name == "0" and not well.is_set():
            raise Retry
        got[name].append(int(message.payload))

    async def round_of(first: int, expected: int) -> float:
        began = time.process_time()  # how busy the machine is with other things does not count
        messages = [(f"key/{number % 1000}", str(number)) for number in range(first, first + WINDOW)]
        await sender.publish_many(messages)
        await eventually(lambda: client.snapshot().handled == expected, 60)
        return time.process_time() - began

    async with client, make() as sender:
        await client.ready(5)
        well.set()
        without = await round_of(0, WINDOW)
        well.clear()
        beside = await round_of(WINDOW, 2 * WINDOW - 2)
        assert beside < 2 * without + 1  # a busy machine makes it longer, and so are there more attempts
        assert got["0"] == [0, 1000]
        well.set()
        await eventually(lambda: client.snapshot().handled == 2 * WINDOW)
        assert client.snapshot().connections == 1
    assert all(len(numbers) == 4 and numbers == sorted(numbers) for numbers in got.values())


async def slow_consumer(make: Callable[..., Client], seconds: float) -> None:
    """300 messages a second come in, 166 are handled: the rest waits at the broker, and the link stands.

    The budget of bytes bounds it, as mosquitto sends more than our Receive Maximum (contract 14).
    """
    rate, most, got = 300, 0, list[int]()
    client = make(client_id="slow", keepalive_s=1, limits=Limits(inbox_bytes=BUDGET))

    @client.on("slow")
    async def handle(message: Message) -> None:
        got.append(int(message.payload[:8]))
        await asyncio.sleep(0.006)

    async with client, make() as sender:
        await client.ready(5)
        began, count = time.monotonic(), int(rate * seconds)
        for number in range(count):
            await sender.publish("slow", b"%08d" % number + bytes(SIZE))
            now = client.snapshot()
            most = max(most, now.received - now.handled)
            await asyncio.sleep(max(0, began + number / rate - time.monotonic()))
        assert count - len(got) > count // 5, "it was to fall behind"
        await eventually(lambda: client.snapshot().handled == count, 60 + seconds * 3)
        now = client.snapshot()
        assert (now.connections, dict(now.disconnections), now.errors) == (1, {}, 0)
    assert got == list(range(count))
    assert most * SIZE < 2 * BUDGET


async def test_a_slow_consumer(make: Callable[..., Client]) -> None:
    """Three seconds of it, with a keep alive of one."""
    await slow_consumer(make, 3)


@pytest.mark.chaos
async def test_a_slow_consumer_for_minutes(make: Callable[..., Client]) -> None:
    """The same for two minutes."""
    await slow_consumer(make, 120)


async def blocked(make: Callable[..., Client], keepalive_s: float, seconds: float) -> None:
    """A handler on a thread blocks for longer than the broker waits for a ping; the link stands."""
    got: list[tuple[str, str]] = []
    client = make(client_id="blocked", keepalive_s=keepalive_s)

    @client.on("blocked/{name}")
    def block(name: str, payload: str) -> None:
        threading.Event().wait(seconds)
        got.append((name, payload))

    @client.on("free/{name}", concurrency=2)
    def pass_by(name: str, payload: str) -> None:
        got.append((name, payload))

    async with client:
        await client.ready(5)
        for topic in ("blocked/1", "blocked/2", "free/1", "free/2"):
            await client.publish(topic, topic)
        await eventually(lambda: len(got) == 2)
        await eventually(lambda: client.snapshot().handled == 4, 10 + 3 * seconds)
        now = client.snapshot()
        assert (now.connections, dict(now.disconnections)) == (1, {})
    assert {payload for _, payload in got[:2]} == {"free/1", "free/2"}
    assert [payload for _, payload in got[2:]] == ["blocked/1", "blocked/2"]


async def test_a_handler_that_blocks(make: Callable[..., Client]) -> None:
    """D02, scaled: 2.4 s at a keep alive of 1."""
    await blocked(make, keepalive_s=1, seconds=2.4)


@pytest.mark.chaos
async def test_a_handler_that_blocks_for_long(make: Callable[..., Client]) -> None:
    """D02: 12 s at a keep alive of 5, and 90 s at 30."""
    await blocked(make, keepalive_s=5, seconds=12)
    await blocked(make, keepalive_s=30, seconds=90)
