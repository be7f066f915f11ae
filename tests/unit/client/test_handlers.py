"""The task of one handler: order, endings, and whatever a handler may do."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from holdfast.client import fairness
from holdfast.client.handlers import HandlerTask
from holdfast.errors import PayloadError, Stopped
from holdfast.handling import Router
from holdfast.messages import Message
from holdfast.testing import eventually
from tests.unit.client.consuming import Dispatch, delivery


class Running:
    """A handler with its task, and what it told."""

    def __init__(self, function: Callable[..., Awaitable[Any]]) -> None:
        router = Router()
        router.on("t/{name}")(function)
        self.here = Dispatch()
        self.failures: list[Exception] = []
        self.ended: list[bool] = []
        self.task = HandlerTask(
            router.handlers[0], 100, self.here.dispatcher.finish, self._failed, self._ended
        )
        self.here.dispatcher.add(self.task.consumer)
        self.task.start()

    def _failed(self, message: Message, error: Exception) -> None:
        self.failures.append(error)

    def _ended(self, task: HandlerTask) -> None:
        self.ended.append(task.consumer.inbox.closed)

    def send(self, *payloads: str) -> None:
        """Messages come in."""
        self.here.dispatcher.deliver([delivery("t/x", payload) for payload in payloads])

    @property
    def acks(self) -> list[str]:
        """The payloads that were acknowledged."""
        return [one.payload.decode() for one in self.here.acks]

    async def stop(self) -> None:
        """End the task."""
        task = self.task.cancel()
        assert task is not None
        await asyncio.wait([task])


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


async def test_failures_are_acknowledged_and_told() -> None:
    """An exception, a payload that does not fit, a cancelled await: told, acknowledged, and on."""

    async def handle(numbers: dict[str, int]) -> None:
        if numbers["n"] == 1:
            raise ValueError("one")
        if numbers["n"] == 2:
            raise asyncio.CancelledError

    running = Running(handle)
    running.send("no json", '{"n": 1}', '{"n": 2}', '{"n": 3}')
    await eventually(lambda: len(running.acks) == 4)
    assert [type(error) for error in running.failures] == [PayloadError, ValueError, RuntimeError]
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
        assert running.task._task is not None
        assert running.task.runs_in(running.task._task)
        assert not running.task.runs_in(asyncio.current_task())
        assert not running.task.runs_in(None)
        if ours:
            await running.stop()
        else:
            running.task._task.cancel()
        await eventually(lambda: running.ended)  # noqa: B023
        assert running.ended == [ours]
        assert running.acks == []
        assert [item[0].text() for item in running.task.consumer.inbox.items] == ["1", "2"]


async def test_a_defect_in_our_own_part_is_loud(caplog: pytest.LogCaptureFixture) -> None:
    """If the acknowledging itself fails the task ends, and says why."""

    async def handle(payload: str) -> None:
        """Nothing."""

    running = Running(handle)
    running.here.acks = None  # type: ignore[assignment]
    running.send("1")
    await eventually(lambda: running.ended == [False])
    assert "its task failed" in caplog.text


def test_its_name_is_the_function() -> None:
    """For the log."""

    async def store_reading(payload: str) -> None:
        """Nothing."""

    router = Router()
    router.on("t")(store_reading)
    here = Dispatch()
    task = HandlerTask(router.handlers[0], 1, here.dispatcher.finish, lambda *_: None, lambda _: None)
    assert "store_reading" in task.name
    assert task.cancel() is None
    assert not task.in_hand
