"""The thread of one handler: order, endings, and whatever a plain function may do."""

from __future__ import annotations

import asyncio
import contextvars
import sys
import threading
from collections.abc import Callable
from typing import Any

from holdfast import Retries, Retry
from holdfast.client.blocking import CALLER
from holdfast.client.handler_thread import HandlerThread, HandlerThreads
from holdfast.client.mailbox import Mailbox
from holdfast.errors import PayloadError, Stopped
from holdfast.handling import Router
from holdfast.messages import Message
from holdfast.testing import eventually
from tests.unit.client.consuming import Endpoint, Slow, given_up_in_its_pause


class Running(Endpoint):
    """A handler with its thread, and what it told."""

    def __init__(self, function: Callable[..., Any], **work: Any) -> None:
        super().__init__()
        router = Router()
        router.on("t/{name}", **work)(function)
        assert router.handlers[0].threaded
        self.box = Mailbox(asyncio.get_running_loop())
        self.ended: list[bool] = []
        self.handler = HandlerThread(router.handlers[0], 100, self.endings, self._ended, self.box)
        self.dispatcher.add(self.handler.consumer)
        self.handler.start()
        (self.thread,) = self.handler._threads

    def _ended(self, handler: HandlerThreads) -> None:
        self.ended.append(handler.consumer.inbox.closed)

    def waiting(self) -> list[str]:
        """What is in its inbox."""
        return [item[0].text() for item in self.handler.consumer.inbox.items]

    async def stop(self) -> None:
        """End it; its thread is gone."""
        assert not self.handler.cancel()
        await eventually(lambda: self.ended)
        assert not self.handler.in_hand
        assert not self.thread.is_alive()


async def test_one_message_after_the_other() -> None:
    """On one thread that is not the loop's, in order; each is acknowledged on the loop when it is done."""
    got: list[tuple[str, str, int]] = []

    def handle(name: str, payload: str) -> None:
        got.append((name, payload, threading.get_ident()))

    running = Running(handle)
    running.send(*map(str, range(500)))
    await eventually(lambda: len(running.acks) == 500)
    assert [(name, payload) for name, payload, _ in got] == [("x", str(number)) for number in range(500)]
    assert {thread for *_, thread in got} == {running.thread.ident} != {threading.get_ident()}
    assert running.payloads() == list(map(str, range(500)))
    await running.stop()


async def test_failures_end_in_dead_letters() -> None:
    """An exception, a payload that does not fit, sys.exit(), a coroutine that nobody awaits: and on."""

    async def later() -> None:
        """Never begun."""

    def handle(numbers: dict[str, int]) -> Any:
        if numbers["n"] == 1:
            raise ValueError("one")
        if numbers["n"] == 2:
            sys.exit(2)
        return later() if numbers["n"] == 3 else None

    running = Running(handle, retries=Retries(1))
    running.send("no json", '{"n": 1}', '{"n": 2}', '{"n": 3}', '{"n": 4}')
    await eventually(lambda: len(running.acks) == 5)
    errors = [failure.error for failure in running.failures]
    assert [type(error) for error in errors] == [PayloadError, ValueError, SystemExit, TypeError]
    assert "write async def" in str(errors[3])
    assert len(running.dead) == 4
    await running.stop()


async def test_a_retry_waits_at_its_place() -> None:
    """Total order: the others wait behind a message that is handled again, until it is well or given up."""
    got: list[tuple[str, int]] = []

    def handle(message: Message) -> None:
        got.append((message.text(), message.attempt))
        if message.text() == "2" and message.attempt == 1:
            raise Retry(delay_s=0.001)
        if message.text() == "3":
            raise ValueError

    running = Running(handle, retries=Retries(2, first_delay_s=0))
    running.send("1", "2", "3", "4")
    await eventually(lambda: len(running.acks) == 4)
    assert got == [("1", 1), ("2", 1), ("2", 2), ("3", 1), ("3", 2), ("4", 1)]
    assert running.payloads() == ["1", "2", "3", "4"]
    assert [letter.payload for letter in running.dead] == [b"3"]
    await running.stop()


async def test_the_end_comes_over_a_retry_that_waits() -> None:
    """Not acknowledged, and back in the inbox, before the others."""

    def handle(payload: str) -> None:
        raise ValueError

    running = Running(handle, retries=Retries(first_delay_s=60))
    running.send("1", "2")
    await eventually(lambda: running.failures)
    await running.stop()
    assert running.acks == []
    assert running.waiting() == ["1", "2"]


async def test_stopped_under_its_hands() -> None:
    """The client ends while a handler publishes: no failure, not acknowledged; it waits with the others."""
    entered, go_on = threading.Event(), threading.Event()

    def handle(payload: str) -> None:
        entered.set()
        go_on.wait(5)
        raise Stopped("the client is stopping")

    running = Running(handle)
    running.send("1", "2")
    await eventually(entered.is_set)
    running.handler.cancel()
    assert running.handler.in_hand
    go_on.set()
    await running.stop()
    assert running.acks == []
    assert running.failures == []
    assert running.waiting() == ["1", "2"]


async def test_who_asks() -> None:
    """What its thread has asked the loop for is known to be its own."""
    running = Running(lambda: None)
    assert not running.handler.runs_in(asyncio.current_task())
    context = contextvars.copy_context()
    context.run(CALLER.set, running.thread.ident or 0)
    assert context.run(running.handler.runs_in, None)
    assert "lambda" in running.handler.name
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
    running.handler.cancel()
    running.box.close()
    go_on.set()
    running.thread.join(5)
    assert not running.thread.is_alive()
    assert (running.acks, running.ended) == ([], [])


async def test_given_up_while_it_waits_for_its_retry() -> None:
    """It is acknowledged and not handled again, and the next has its turn (contract 13)."""
    slow = Slow()
    running = Running(slow.handle)
    await given_up_in_its_pause(running, slow)
    await running.stop()
