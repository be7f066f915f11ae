"""Several threads of one handler: as its tasks, for plain functions."""

from __future__ import annotations

import asyncio
import contextvars
import sys
import threading
from collections import defaultdict
from collections.abc import Callable
from itertools import chain
from typing import Any

from holdfast import Message, Reject, Retries, Retry
from holdfast.client.blocking import CALLER
from holdfast.client.handler_thread import HandlerThreads
from holdfast.client.mailbox import Mailbox
from holdfast.client.thread_crew import ThreadCrew
from holdfast.errors import Stopped
from holdfast.handling import Router
from holdfast.testing import eventually
from tests.unit.client.consuming import Endpoint, Slow, given_up_in_its_pause


class Running(Endpoint):
    """A handler with its crew, and what it told."""

    def __init__(self, function: Callable[..., Any], **work: Any) -> None:
        super().__init__()
        router = Router()
        router.on("t/{name}", **work)(function)
        self.ended: list[bool] = []
        box = Mailbox(asyncio.get_running_loop())
        self.crew = ThreadCrew(router.handlers[0], 100, self.endings, self._ended, box)
        self.dispatcher.add(self.crew.consumer)
        self.crew.start()

    def _ended(self, crew: HandlerThreads) -> None:
        self.ended.append(crew.consumer.inbox.closed)

    def waiting(self) -> list[str]:
        """What was not handled, in the order in which it came."""
        return [item[1].text() for item in self.crew.consumer.inbox.drain()]

    async def stop(self) -> None:
        """End it; its threads are gone."""
        assert not self.crew.cancel()
        await eventually(lambda: self.ended)
        assert not self.crew.in_hand
        assert not any(thread.is_alive() for thread in self.crew._threads)


async def test_so_many_at_once() -> None:
    """Three threads are in the handler together; each is known as its own."""
    barrier, threads = threading.Barrier(3), set[int]()

    def handle(payload: str) -> None:
        barrier.wait(5)
        threads.add(threading.get_ident())

    running = Running(handle, concurrency=3)
    running.send("a", "b", "c")
    await eventually(lambda: len(running.acks) == 3)
    assert threads == set(running.crew.idents)
    context = contextvars.copy_context()
    context.run(CALLER.set, threads.pop())
    assert context.run(running.crew.runs_in, None)
    assert not running.crew.runs_in(None)
    await running.stop()


async def test_each_key_in_its_order_and_retries_beside_the_others() -> None:
    """Three threads, five keys, one of which fails now and then: each in order, and all acknowledged."""
    got: defaultdict[str, list[int]] = defaultdict(list)

    def handle(message: Message, name: str) -> None:
        if name == "0" and message.attempt < 3:
            raise Retry(delay_s=0.001)
        got[name].append(int(message.payload))

    running = Running(handle, concurrency=3, key="{name}")
    for number in range(200):
        running.send(str(number), topic=f"t/{number % 5}")
    await eventually(lambda: len(running.acks) == 200)
    assert all(numbers == sorted(numbers) for numbers in got.values())
    assert sorted(chain(*got.values())) == list(range(200))
    assert len(running.failures) == 80
    await running.stop()


async def test_the_ways_a_run_ends() -> None:
    """Rejected, given up, no key, sys.exit(): dead letters; their lane goes on."""

    def handle(what: dict[str, str]) -> None:
        if what["do"] == "reject":
            raise Reject("no")
        if what["do"] == "exit":
            sys.exit(3)

    running = Running(handle, key="$.k", retries=Retries(2, first_delay_s=0))
    running.send("no json", *(f'{{"k": 1, "do": "{do}"}}' for do in ("reject", "exit", "well")))
    await eventually(lambda: len(running.acks) == 4)
    assert {letter.reason.partition(": payload")[0] for letter in running.dead} == {
        "t/x: no key by $.k",
        "no",
        "after 2 attempts: SystemExit: 3",
    }
    await running.stop()


async def test_stopped_under_its_hands() -> None:
    """The client ends while handlers publish: no failures; what waits or is to run again is left, too."""
    go_on, entered = threading.Event(), list[str]()

    def handle(payload: str) -> None:
        entered.append(payload)
        if payload == "0":
            raise ValueError
        go_on.wait(5)
        if payload == "2":
            raise Stopped("the client is stopping")

    running = Running(handle, concurrency=2, retries=Retries(first_delay_s=60))
    running.send(*map(str, range(4)))
    await eventually(lambda: {"0", "1", "2"} <= set(entered))
    running.crew.cancel()
    go_on.set()
    await running.stop()
    assert running.payloads() == ["1"]
    assert len(running.failures) == 1
    assert running.waiting() == ["0", "2", "3"]


async def test_given_up_while_it_waits_for_its_retry() -> None:
    """It is acknowledged and not handled again, and the next has its turn (contract 13)."""
    slow = Slow()
    running = Running(slow.handle, concurrency=2, key="{name}")
    await given_up_in_its_pause(running, slow)
    await running.stop()
