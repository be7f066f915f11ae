"""Processed, then acknowledged: what becomes of a message whose handler raises, beside those of others."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from holdfast import Client, Limits, Message, Outbox, QoS, Reject, Retries, Retry, Router, sync
from holdfast.errors import OutboxFull
from holdfast.testing import Broker, Proxy, eventually
from tests.integration.conftest import AnyBroker, MakeClient, on_tcp

SOON = Retries(1_000_000, first_delay_s=0.02, max_delay_s=0.02)
"""Tried again and again: how it ends is the test's business."""


@pytest.fixture
def proxy(broker: AnyBroker) -> Iterator[Proxy]:
    """A network in front of the broker."""
    with Proxy(broker.url) as proxy:
        yield proxy


async def left_in_session(make: MakeClient, client_id: str, filter: str) -> list[str]:
    """What the broker's session still holds for this client, which is not connected."""
    got: list[str] = []
    async with make(client_id=client_id) as client:

        @client.on(filter, "end of it", qos=2)
        async def handle(payload: str) -> None:
            got.append(payload)

        await client.ready(5)
        await client.publish("end of it", "", qos=2)  # comes behind what waits
        await eventually(lambda: "" in got)
    return got[:-1]


@on_tcp
@pytest.mark.parametrize("qos", [0, 1, 2])
async def test_bad_json_does_not_stop_the_stream(make: MakeClient, qos: QoS) -> None:
    """D04: it is one dead letter with its payload, counted once, acknowledged; what follows is handled."""
    got: list[int] = []
    client = make()

    @client.on("reading", qos=qos)
    async def measured(reading: dict[str, int]) -> None:
        got.append(reading["n"])

    async with client, make() as sender:
        await client.ready(5)
        for payload in ('{"n": 1}', '{"n": oops', '{"n": 2}'):
            await sender.publish("reading", payload, qos=qos)
        await eventually(lambda: client.snapshot().handled == 3)
        now = client.snapshot()
        assert (got, now.errors, now.dead) == ([1, 2], 1, 1)
        (letter,) = client.dead_letters
        assert (letter.topic, letter.payload, letter.attempts) == ("reading", b'{"n": oops', 1)
        assert "is not JSON" in letter.reason
    assert await left_in_session(make, client.client_id, "reading") == []


@on_tcp
async def test_each_way_a_message_ends(make: MakeClient) -> None:
    """Returned, rejected, tried again and well, tried again and given up: each is told and acknowledged."""
    attempts: defaultdict[str, list[int]] = defaultdict(list)
    client = make()

    @client.on("end", retries=Retries(3, first_delay_s=0.01))
    async def handle(message: Message) -> None:
        word = message.text()
        attempts[word].append(message.attempt)
        if word == "rejected":
            raise Reject("no measurement")
        if word == "later" and message.attempt < 3:
            raise Retry("not yet", delay_s=0)
        if word == "never":
            raise RuntimeError(word)
        if word == "away" and message.attempt < 6:
            raise ConnectionRefusedError

    words = ("well", "rejected", "later", "never", "away", "well")
    async with client:
        await client.ready(5)
        for word in words:
            await client.publish("end", word)
        await eventually(lambda: client.snapshot().handled == len(words))
        assert client.snapshot().errors == 1 + 2 + 3 + 5
        assert [letter.reason for letter in client.dead_letters] == [
            "no measurement",
            "after 3 attempts: RuntimeError: never",
        ]
    assert attempts == {
        "well": [1, 1], "rejected": [1], "later": [1, 2, 3], "never": [1, 2, 3], "away": [1, 2, 3, 4, 5, 6],
    }  # fmt: skip
    assert await left_in_session(make, client.client_id, "end") == []


@on_tcp
async def test_several_handlers_on_one_message(make: MakeClient) -> None:
    """Contract 16: only the failing one runs again; the message is acknowledged when both have ended."""
    runs: Counter[str] = Counter()
    well = asyncio.Event()
    client = make()

    @client.on("both")
    async def first(payload: str) -> None:
        runs["first"] += 1

    @client.on("both", concurrency=3, retries=SOON)
    async def second(message: Message) -> None:
        runs["second"] += 1
        assert message.attempt == runs["second"]
        if not well.is_set():
            raise Retry

    async with client:
        await client.ready(5)
        await client.publish("both", "x")
        await eventually(lambda: runs["second"] > 5)
        assert (runs["first"], client.snapshot().handled) == (1, 0)
        well.set()
        await eventually(lambda: client.snapshot().handled == 1)
    assert runs["first"] == 1
    assert await left_in_session(make, client.client_id, "both") == []


@on_tcp
@pytest.mark.parametrize("options", [{}, {"concurrency": 3}, {"key": "{name}"}], ids=str)
@pytest.mark.parametrize("threaded", [False, True])
async def test_stopped_while_messages_wait_to_be_handled_again(
    make: MakeClient, options: dict[str, Any], threaded: bool
) -> None:
    """They are not waited for and not acknowledged: the session keeps them for the next run."""
    client, failed = make(drain_s=10), list[str]()

    def fail(payload: str) -> None:
        failed.append(payload)
        raise RuntimeError("not today")

    async def fail_on_the_loop(payload: str) -> None:
        fail(payload)

    handle = fail if threaded else fail_on_the_loop
    client.on("again/{name}", retries=Retries(first_delay_s=60), **options)(handle)
    async with client:
        await client.ready(5)
        for number in range(3):
            await client.publish(f"again/{number}", str(number))
        await client.flush(5)
        await eventually(lambda: len(failed) == (3 if options else 1))
        began = time.monotonic()
    assert time.monotonic() - began < 2
    assert await left_in_session(make, client.client_id, "again/#") == ["0", "1", "2"]


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


@on_tcp
@pytest.mark.parametrize("by", ["client", "router"])
def test_the_blocking_client_does_the_same(
    broker: AnyBroker, version: str, make: MakeClient, by: str
) -> None:
    """Threads, keys, retries and dead letters with ``holdfast.sync``, registered here or by a router."""
    got: defaultdict[str, list[str]] = defaultdict(list)
    threads: set[int] = set()
    done = threading.Semaphore(0)
    client = sync.Client(broker.url, client_id=f"blocking-{by}-{version}", version=version, reconnect="lan")  # type: ignore[arg-type]
    router = Router()
    on: Callable[..., Callable[..., object]] = client.on if by == "client" else router.on

    @on("dev/{name}", concurrency=3, key="{name}", retries=Retries(2, first_delay_s=0.01))
    def handle(message: Message, name: str) -> None:
        threads.add(threading.get_ident())
        time.sleep(0.001)
        if name == "1" and message.attempt == 1:
            raise RuntimeError
        got[name].append(message.text())
        done.release()
        if message.text() == "30":
            raise Reject("the last")

    client.include(router)
    with client:
        client.ready(5)
        for number in range(31):
            client.publish(f"dev/{number % 4}", str(number))
        for _ in range(31):
            assert done.acquire(timeout=5)
        client.flush(5)
        _until(lambda: client.dead_letters)
        assert [letter.payload for letter in client.dead_letters] == [b"30"]
    assert len(threads) == 3
    assert {name: sorted(numbers, key=int) for name, numbers in got.items()} == got


def _until(check: Callable[[], object]) -> None:
    deadline = time.monotonic() + 5
    while not check():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@on_tcp
@pytest.mark.parametrize("qos", [1, 2])
async def test_long_handlers_over_a_link_that_is_cut(make: MakeClient, proxy: Proxy, qos: QoS) -> None:
    """Reset every 0.2 s, each handler takes 0.3 s: nothing lost, never two runs of one message at a time."""
    await _cut_under_long_handlers(make, proxy, qos, every_s=0.2, takes_s=0.3, count=60)


async def _cut_under_long_handlers(
    make: MakeClient, proxy: Proxy, qos: QoS, every_s: float, takes_s: float, count: int
) -> None:
    running: set[str] = set()
    handled: Counter[str] = Counter()
    client = make(url=proxy.url, limits=Limits(receive_maximum=1000))

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
