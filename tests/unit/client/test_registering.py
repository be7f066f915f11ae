"""Handlers registered while the client runs, from other threads and loops (contract 23)."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future

import pytest

from holdfast import Client
from holdfast.client import registering
from holdfast.client.core import Core
from holdfast.client.loop_thread import LoopThread
from holdfast.client.registering import on_loop
from holdfast.errors import ConfigurationError, Stopped
from holdfast.handling import Handler, Router
from holdfast.testing import eventually
from tests.unit.client.consuming import delivery


async def nothing() -> None:
    """A handler, and the end of a loop."""


@pytest.fixture
def handler() -> Handler:
    """A coroutine function."""
    router = Router()
    router.on("t")(nothing)
    return router.handlers[0]


@pytest.fixture
def other() -> Iterator[LoopThread]:
    """A loop on a thread of its own."""
    thread = LoopThread("the other loop", nothing, lambda error: None)
    thread.start()
    yield thread
    assert thread.stop(5)


async def there(other: LoopThread, call: Callable[[], object]) -> None:
    """Make this call on that loop."""

    async def calling() -> None:
        call()

    await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(calling(), other.loop))


async def test_a_coroutine_function_of_another_loop_is_refused(
    client: Client, run: Core, other: LoopThread
) -> None:
    """It would not run where it seems to: said at once, and nothing is left of it."""
    with pytest.raises(ConfigurationError, match="another loop than the client's") as refused:
        await there(other, lambda: client.on("t")(nothing))
    assert "holdfast.sync.over(client)" in str(refused.value.hint)
    assert (client._router.handlers, run.consumers.workers()) == ([], [])
    client.on("t")(nothing)
    assert len(run.consumers.workers()) == 1


async def test_a_plain_function_of_another_loop(
    client: Client, run: Core, other: LoopThread, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It begins on the client's loop, and has begun when it is registered."""
    threads: list[str] = []

    def handle() -> None:
        threads.append(threading.current_thread().name)

    began: list[int] = []
    add_handler = run.consumers.add_handler

    def add(one: Handler) -> None:
        began.append(threading.get_ident())
        add_handler(one)

    monkeypatch.setattr(run.consumers, "add_handler", add)
    await there(other, lambda: client.on("t")(handle))
    assert began == [threading.get_ident()]
    assert len(run.consumers.workers()) == 1
    run.telling.batch([delivery("t", "1")], [], [])
    await eventually(lambda: client.snapshot().handled == 1)
    assert len(threads) == 1
    assert "handle" in threads[0]


async def test_of_a_thread_without_a_loop(client: Client, run: Core) -> None:
    """A coroutine function means the client's loop: there is no other."""
    loops: list[object] = []

    async def handle() -> None:
        loops.append(asyncio.get_running_loop())

    await asyncio.to_thread(client.on("t"), handle)
    run.telling.batch([delivery("t", "1")], [], [])
    await eventually(lambda: client.snapshot().handled == 1)
    assert loops == [asyncio.get_running_loop()]
    with pytest.raises(ConfigurationError, match="other options"):
        await asyncio.to_thread(client.on("t", retained="never"), handle)


async def test_its_own_timeout_is_no_end_of_the_wait(handler: Handler) -> None:
    """Whatever it raises reaches who registers it."""

    def begin() -> None:
        raise TimeoutError("its own")

    with pytest.raises(TimeoutError, match="its own"):
        await asyncio.to_thread(on_loop, asyncio.get_running_loop(), handler, begin)


def test_a_loop_that_does_not_run(handler: Handler) -> None:
    """Nobody is on it, and nobody would be to make the call: it is made here."""
    loop, began = asyncio.new_event_loop(), list[int]()
    on_loop(loop, handler, lambda: began.append(threading.get_ident()))
    loop.close()
    assert began == [threading.get_ident()]


@pytest.mark.parametrize("closed", [True, False])
def test_the_loop_ends_meanwhile(handler: Handler, monkeypatch: pytest.MonkeyPatch, closed: bool) -> None:
    """The wait ends, too: whether it was closed when it was called, or took the call and never made it."""
    loop, running = asyncio.new_event_loop(), iter([True])

    def take(*_: object) -> None:
        if closed:
            raise RuntimeError("Event loop is closed")

    with monkeypatch.context() as patched:
        patched.setattr(registering, "LOOK_S", 0.001)
        patched.setattr(loop, "is_running", lambda: next(running, False))
        patched.setattr(loop, "call_soon_threadsafe", take)
        with pytest.raises(Stopped, match="ended meanwhile"):
            on_loop(loop, handler, lambda: None)
    loop.close()


def test_nobody_waits_any_more() -> None:
    """Interrupted before its turn, it does not begin unseen."""
    begun, began = Future[None](), list[int]()
    begun.cancel()
    registering._begin(begun, lambda: began.append(1))
    assert began == []
