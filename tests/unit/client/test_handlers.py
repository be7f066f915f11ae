"""The task of one handler: order, endings, and whatever a handler may do."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from holdfast import Retries
from holdfast.client import fairness
from holdfast.client.handlers import HandlerTask, HandlerTasks
from holdfast.errors import PayloadError, Stopped
from holdfast.handling import Router
from holdfast.messages import Message
from holdfast.testing import eventually
from tests.unit.client.consuming import Endpoint


class Running(Endpoint):
    """A handler with its task, and what it told."""

    def __init__(self, function: Callable[..., Awaitable[Any]], **work: Any) -> None:
        super().__init__()
        router = Router()
        router.on("t/{name}", **work)(function)
        self.ended: list[bool] = []
        self.task = HandlerTask(router.handlers[0], 100, self.endings, self._ended)
        self.dispatcher.add(self.task.consumer)
        self.task.start()

    def _ended(self, task: HandlerTasks) -> None:
        self.ended.append(task.consumer.inbox.closed)

    @property
    def only(self) -> asyncio.Task[None]:
        """Its task."""
        (task,) = self.task._tasks
        return task

    async def stop(self) -> None:
        """End the task."""
        await asyncio.wait(self.task.cancel())


async def test_one_after_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """In order, each acknowledged when its run has ended; other tasks get their turn in between."""
    monkeypatch.setattr(fairness, "SLICE_S", 0)
    got: list[tuple[str, str]] = []

    async def handle(name: str, payload: str) -> None:
        got.append((name, payload))

    running = Running(handle)
    running.send(*map(str, range(250)))
    turns = 0
    while len(got) < 250:
        await asyncio.sleep(0)
        turns += 1
    assert turns >= 3
    assert got == [("x", str(n)) for n in range(250)]
    await eventually(lambda: len(running.acks) == 250)
    await running.stop()


class Panic(BaseException):
    """As an extension in another language raises it."""


async def test_failures_end_in_dead_letters() -> None:
    """An exception, a payload that does not fit, a cancelled await, a panic: told, kept, and on."""

    async def handle(numbers: dict[str, int]) -> None:
        if numbers["n"] == 1:
            raise ValueError("one")
        if numbers["n"] == 2:
            raise asyncio.CancelledError
        if numbers["n"] == 3:
            raise Panic

    running = Running(handle, retries=Retries(1))
    running.send("no json", *(f'{{"n": {n}}}' for n in (1, 2, 3, 4)))
    await eventually(lambda: len(running.acks) == 5)
    told = [type(failure.error) for failure in running.failures]
    assert told == [PayloadError, ValueError, RuntimeError, Panic]
    assert [letter.payload for letter in running.dead] == [b"no json", b'{"n": 1}', b'{"n": 2}', b'{"n": 3}']
    assert running.dead[1].reason == "ValueError: one"
    assert running.ended == []
    await running.stop()


async def test_stopped_under_its_hands() -> None:
    """The client ends while a handler publishes: not a failure, not acknowledged, the session keeps it."""
    entered = asyncio.Event()

    async def handle(payload: str) -> None:
        entered.set()
        await asyncio.sleep(0.001)
        raise Stopped("the client is stopping")

    running = Running(handle)
    running.send("1", "2")
    await entered.wait()
    running.task.consumer.inbox.close()
    await eventually(lambda: running.ended == [True])
    assert running.acks == []
    assert running.failures == []
    assert not running.task.in_hand
    assert [item[0].text() for item in running.task.consumer.inbox.items] == ["1", "2"]


async def test_cancelled_by_us_and_by_others() -> None:
    """Cancelled: the message in hand is not acknowledged and is back in the inbox; who did it can be told."""
    for ours in (True, False):
        entered = asyncio.Event()

        async def handle(payload: str, entered_now: Message) -> None:
            entered.set()  # noqa: B023
            await asyncio.Event().wait()

        running = Running(handle)
        running.send("1", "2")
        await entered.wait()
        assert running.task.in_hand
        assert running.task.runs_in(running.only)
        assert not running.task.runs_in(asyncio.current_task())
        assert not running.task.runs_in(None)
        if ours:
            await running.stop()
        else:
            running.only.cancel()
        await eventually(lambda: running.ended)  # noqa: B023
        assert running.ended == [ours]
        assert running.acks == []
        assert [item[0].text() for item in running.task.consumer.inbox.items] == ["1", "2"]


async def test_a_defect_in_our_own_part_is_loud(caplog: pytest.LogCaptureFixture) -> None:
    """If the acknowledging itself fails the task ends, and says why."""

    async def handle(payload: str) -> None:
        """Nothing."""

    running = Running(handle)
    running.acks = None  # type: ignore[assignment]
    running.send("1")
    await eventually(lambda: running.ended == [False])
    assert "its task failed" in caplog.text


def test_its_name_is_the_function() -> None:
    """For the log."""

    async def store_reading(payload: str) -> None:
        """Nothing."""

    router = Router()
    router.on("t")(store_reading)
    task = HandlerTask(router.handlers[0], 1, Endpoint().endings, lambda _: None)
    assert "store_reading" in task.name
    assert not task.cancel()
    assert not task.in_hand
