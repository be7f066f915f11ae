"""Several tasks of one handler: order by key, retries beside the others, and every end."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from holdfast import Message, Reject, Retries, Retry
from holdfast.client import fairness
from holdfast.client.crew import Crew
from holdfast.client.handlers import HandlerTasks
from holdfast.errors import Stopped
from holdfast.handling import Router
from holdfast.testing import eventually
from tests.unit.client.consuming import Endpoint, Slow, given_up_in_its_pause


class Running(Endpoint):
    """A handler with its crew, and what it told."""

    def __init__(self, function: Callable[..., Awaitable[Any]], **work: Any) -> None:
        super().__init__()
        router = Router()
        router.on("t/{name}", **work)(function)
        self.ended: list[bool] = []
        self.crew = Crew(router.handlers[0], 100, self.endings, self._ended)
        self.dispatcher.add(self.crew.consumer)
        self.crew.start()

    def _ended(self, crew: HandlerTasks) -> None:
        self.ended.append(crew.consumer.inbox.closed)

    def waiting(self) -> list[str]:
        """What was not handled, in the order in which it came."""
        return [item[1].text() for item in self.crew.consumer.inbox.drain()]

    async def stop(self) -> None:
        """End the tasks."""
        await asyncio.wait(self.crew.cancel())


async def test_so_many_at_once_and_no_more() -> None:
    """Two of three at a time without a key; they may end in any order."""
    gates = {name: asyncio.Event() for name in "abc"}
    entered: list[str] = []

    async def handle(payload: str) -> None:
        entered.append(payload)
        await gates[payload].wait()

    running = Running(handle, concurrency=2)
    running.send("a", "b", "c")
    await eventually(lambda: entered == ["a", "b"])
    gates["b"].set()
    await eventually(lambda: entered == ["a", "b", "c"])
    gates["c"].set()
    gates["a"].set()
    await eventually(lambda: len(running.acks) == 3)
    assert running.payloads()[0] == "b"
    await running.stop()


async def test_each_key_in_its_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """Four tasks, ten keys, a thousand messages with rests in between: two of one key never meet."""
    monkeypatch.setattr(fairness, "SLICE_S", 0)
    inside: set[str] = set()
    got: defaultdict[str, list[int]] = defaultdict(list)

    async def handle(name: str, payload: str) -> None:
        assert name not in inside
        inside.add(name)
        if int(payload) % 7 == 0:
            await asyncio.sleep(0)
        inside.discard(name)
        got[name].append(int(payload))

    running = Running(handle, concurrency=4, key="{name}")
    for number in range(1000):
        running.send(str(number), topic=f"t/{number % 10}")
    await eventually(lambda: len(running.acks) == 1000)
    assert running.failures == []
    assert all(numbers == sorted(numbers) for numbers in got.values())
    await running.stop()


@pytest.mark.parametrize("concurrency", [1, 3])
async def test_a_retry_blocks_its_key_only(concurrency: int) -> None:
    """It occupies no task while it waits, not even the only one; behind it wait those of its key."""
    got: list[tuple[str, str, int]] = []
    release = asyncio.Event()

    async def handle(message: Message, name: str) -> None:
        got.append((name, message.text(), message.attempt))
        if name == "bad" and not release.is_set():
            raise Retry(delay_s=0.001)

    running = Running(handle, concurrency=concurrency, key="{name}", retries=Retries(10_000))
    running.send("1", "2", topic="t/bad")
    for number in range(50):
        running.send(str(number), topic=f"t/good{number % 5}")
    await eventually(lambda: len(running.acks) == 50)
    assert ("bad", "2", 1) not in got
    release.set()
    await eventually(lambda: len(running.acks) == 52)
    bad = [(text, attempt) for name, text, attempt in got if name == "bad"]
    assert bad == [("1", attempt) for attempt in range(1, len(bad))] + [("2", 1)]
    assert len(bad) > 2
    await running.stop()


DOES = ("reject", "wait", "cancel", "panic", "well")


class Panic(BaseException):
    """As an extension in another language raises it."""


async def test_the_ways_a_run_ends() -> None:
    """Rejected, given up, too late, no key, cancelled, a panic: dead letters; their lanes go on."""

    async def handle(message: Message, what: dict[str, str]) -> None:
        if what["do"] == "reject":
            raise Reject("no")
        if what["do"] == "wait":
            await asyncio.Event().wait()
        if what["do"] == "cancel":
            raise asyncio.CancelledError
        if what["do"] == "panic":
            raise Panic

    running = Running(handle, key="$.k", retries=Retries(2, first_delay_s=0), timeout_s=0.02)
    running.send("no json", *(f'{{"k": 1, "do": "{do}"}}' for do in DOES))
    await eventually(lambda: len(running.acks) == 6)
    reasons = {letter.payload: letter.reason for letter in running.dead}
    assert [reason.partition(": payload")[0] for reason in reasons.values()] == [
        "t/x: no key by $.k",
        "no",
        "after 2 attempts: the handler took longer than timeout_s=0.02",
        "after 2 attempts: RuntimeError: the handler was cancelled from inside",
        "after 2 attempts: Panic",
    ]
    assert running.payloads()[-1] == '{"k": 1, "do": "well"}'
    await running.stop()


@pytest.mark.parametrize("ours", [True, False])
async def test_cancelled_by_us_and_by_others(ours: bool) -> None:
    """Nothing in hand or waiting is acknowledged, and all of it is there again; they end together."""
    entered: list[str] = []

    async def handle(payload: str) -> None:
        entered.append(payload)
        if payload == "0":
            raise ValueError
        await asyncio.Event().wait()

    running = Running(handle, concurrency=2, retries=Retries(first_delay_s=60))
    running.send(*map(str, range(5)))
    await eventually(lambda: entered == ["0", "1", "2"])
    tasks = tuple(running.crew._tasks)
    assert all(running.crew.runs_in(task) for task in tasks)
    assert not running.crew.runs_in(asyncio.current_task())
    assert running.crew.in_hand is True
    if ours:
        await running.stop()
    else:
        tasks[0].cancel()
    await eventually(lambda: running.ended)
    assert running.ended == [ours]
    assert running.acks == []
    assert running.waiting() == ["0", "1", "2", "3", "4"]


async def test_stopped_under_its_hands() -> None:
    """The client ends while handlers publish: no failures, nothing acknowledged, the session keeps it."""
    go_on, entered = asyncio.Event(), list[str]()

    async def handle(payload: str) -> None:
        entered.append(payload)
        await go_on.wait()
        if payload == "b":
            raise Stopped("the client is stopping")

    running = Running(handle, concurrency=2)
    running.send("a", "b", "c")
    await eventually(lambda: len(entered) == 2)
    running.crew.consumer.inbox.close()
    go_on.set()
    await eventually(lambda: running.ended)
    assert running.payloads() == ["a"]
    assert running.failures == []
    assert running.waiting() == ["b", "c"]


async def test_given_up_while_it_waits_for_its_retry() -> None:
    """It is acknowledged and not handled again, and the next has its turn (contract 13)."""
    slow = Slow()
    running = Running(slow.handle_here, concurrency=2, key="{name}")
    await given_up_in_its_pause(running, slow)
    await running.stop()
