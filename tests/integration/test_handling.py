"""Processed, then acknowledged: what becomes of a message whose handler raises, beside those of others."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from typing import Any

import pytest

from holdfast import Message, QoS, Reject, Retries, Retry, Router, sync
from holdfast.testing import eventually
from tests.integration.conftest import AnyBroker, MakeClient, on_tcp
from tests.support.handling import SOON, left_in_session


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
@pytest.mark.parametrize("options", [{}, {"concurrency": 2, "key": "{name}"}], ids=str)
async def test_what_a_borrower_leaves_is_for_the_next(make: MakeClient, options: dict[str, Any]) -> None:
    """What waits to be handled again when a lent client stops goes to the next handler, in order."""
    got: list[tuple[str, int]] = []
    async with make() as client:
        lent, failed = client.lend(), asyncio.Event()

        @lent.on("lent/{name}", retries=Retries(first_delay_s=60), **options)
        async def fail(name: str) -> None:
            failed.set()
            raise RuntimeError

        await client.ready(5)
        for number in range(3):
            await client.publish(f"lent/{number % 2}", str(number))
        await failed.wait()
        await eventually(lambda: client.snapshot().received == 3)
        await lent.stop()

        @client.on("lent/#")
        async def handle(message: Message) -> None:
            got.append((message.text(), message.attempt))

        await eventually(lambda: client.snapshot().handled == 3)
    assert got == [("0", 1), ("1", 1), ("2", 1)]


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
