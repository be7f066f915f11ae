"""The thread of one handler: order, endings, and whatever a plain function may do."""

from __future__ import annotations

import asyncio
import contextvars
import sys
import threading
from collections.abc import Callable
from typing import Any

from holdfast.client.blocking import CALLER
from holdfast.client.handler_thread import HandlerThread
from holdfast.client.mailbox import Mailbox
from holdfast.errors import PayloadError, Stopped
from holdfast.handling import Router
from holdfast.messages import Message
from holdfast.testing import eventually
from tests.unit.client.consuming import Dispatch, delivery


class Running:
    """A handler with its thread, and what it told."""

    def __init__(self, function: Callable[..., Any]) -> None:
        router = Router()
        router.on("t/{name}")(function)
        assert router.handlers[0].threaded
        self.here = Dispatch()
        self.box = Mailbox(asyncio.get_running_loop())
        self.failures: list[BaseException] = []
        self.ended: list[bool] = []
        self.thread = HandlerThread(
            router.handlers[0], 100, self.here.dispatcher.finish, self._failed, self._ended, self.box
        )
        self.here.dispatcher.add(self.thread.consumer)
        self.thread.start()

    def _failed(self, message: Message, error: BaseException) -> None:
        self.failures.append(error)

    def _ended(self, handler: HandlerThread) -> None:
        self.ended.append(handler.consumer.inbox.closed)

    def send(self, *payloads: str) -> None:
        """Messages come in."""
        self.here.dispatcher.deliver([delivery("t/x", payload) for payload in payloads])

    def acked(self) -> list[str]:
        """What was acknowledged."""
        return [one.payload.decode() for one in self.here.acks]

    async def stop(self) -> None:
        """End it; its thread is gone."""
        self.thread.cancel()
        await eventually(lambda: self.ended)
        assert not self.thread.in_hand
        assert not self.thread._thread.is_alive()


async def test_one_message_after_the_other() -> None:
    """On one thread that is not the loop's, in order; each is acknowledged on the loop when it is done."""
    got: list[tuple[str, str, int]] = []

    def handle(name: str, payload: str) -> None:
        got.append((name, payload, threading.get_ident()))

    running = Running(handle)
    running.send(*map(str, range(500)))
    await eventually(lambda: len(running.here.acks) == 500)
    assert [(name, payload) for name, payload, _ in got] == [("x", str(number)) for number in range(500)]
    assert {thread for *_, thread in got} == {running.thread._thread.ident} != {threading.get_ident()}
    assert running.acked() == list(map(str, range(500)))
    await running.stop()


async def test_failures_are_acknowledged_and_told() -> None:
    """An exception, a payload that does not fit, sys.exit(), a coroutine that nobody awaits: and on."""

    async def later() -> None:
        """Never begun."""

    def handle(numbers: dict[str, int]) -> Any:
        if numbers["n"] == 1:
            raise ValueError("one")
        if numbers["n"] == 2:
            sys.exit(2)
        return later() if numbers["n"] == 3 else None

    running = Running(handle)
    running.send("no json", '{"n": 1}', '{"n": 2}', '{"n": 3}', '{"n": 4}')
    await eventually(lambda: len(running.here.acks) == 5)
    assert [type(error) for error in running.failures] == [PayloadError, ValueError, SystemExit, TypeError]
    assert "write async def" in str(running.failures[3])
    await running.stop()


async def test_stopped_under_its_hands() -> None:
    """The client ends while a handler publishes: no failure, not acknowledged; what waits is left, too."""
    entered, go_on = threading.Event(), threading.Event()

    def handle(payload: str) -> None:
        entered.set()
        go_on.wait(5)
        raise Stopped("the client is stopping")

    running = Running(handle)
    running.send("1", "2")
    await eventually(entered.is_set)
    running.thread.cancel()
    assert running.thread.in_hand
    go_on.set()
    await running.stop()
    assert running.here.acks == []
    assert running.failures == []
    assert [item[0].text() for item in running.thread.consumer.inbox.items] == ["2"]


async def test_who_asks() -> None:
    """What its thread has asked the loop for is known to be its own."""
    running = Running(lambda: None)
    assert not running.thread.runs_in(asyncio.current_task())
    context = contextvars.copy_context()
    context.run(CALLER.set, running.thread._thread.ident or 0)
    assert context.run(running.thread.runs_in, None)
    assert "lambda" in running.thread.name
    await running.stop()


async def test_left_behind() -> None:
    """A handler that does not return when the client has ended: what it does then is nobody's."""
    entered, go_on = threading.Event(), threading.Event()

    def handle(payload: str) -> None:
        entered.set()
        go_on.wait(5)

    running = Running(handle)
    running.send("1")
    await eventually(entered.is_set)
    running.thread.cancel()
    running.box.close()
    go_on.set()
    running.thread._thread.join(5)
    assert not running.thread._thread.is_alive()
    assert (running.here.acks, running.ended) == ([], [])
