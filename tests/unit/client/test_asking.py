"""Work asked for on another loop: its answer, its error, and the end of the other side."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from holdfast.client.asking import Asking
from holdfast.client.loop_thread import LoopThread
from holdfast.client.mailbox import Mailbox
from holdfast.errors import Stopped


async def nothing() -> None:
    """Done at once."""


@pytest.fixture
async def sides() -> AsyncIterator[tuple[Mailbox, LoopThread, Asking]]:
    """This loop's mailbox, another loop on a thread, and who asks between them."""
    thread = LoopThread("asked", nothing, lambda error: None)
    here = Mailbox(asyncio.get_running_loop())
    thread.start()
    yield here, thread, Asking(here, Mailbox(thread.loop), "it has ended")
    thread.stop(5)


async def test_done_behind_what_was_told(sides: tuple[Mailbox, LoopThread, Asking]) -> None:
    """What the other side posts until the work is done has arrived when the answer has."""
    here, _, asking = sides
    told: list[int] = []

    async def work() -> None:
        for number in range(100):
            here.post(told.append, number)

    await asking.ask(work)
    assert told == list(range(100))


async def test_its_error_is_raised(sides: tuple[Mailbox, LoopThread, Asking]) -> None:
    """Where it was asked for; cancelled over there, it is an end."""
    _, _, asking = sides

    async def fail() -> None:
        raise KeyError("here")

    async def cancelled() -> None:
        raise asyncio.CancelledError

    with pytest.raises(KeyError):
        await asking.ask(fail)
    with pytest.raises(Stopped, match="it has ended"):
        await asking.ask(cancelled)


async def test_nobody_waits_for_who_is_gone(sides: tuple[Mailbox, LoopThread, Asking]) -> None:
    """Neither who was asked already, nor who cancelled the wait."""
    _, thread, asking = sides
    waiting = asyncio.create_task(asking.ask(asyncio.Event().wait))  # type: ignore[arg-type]
    leaving = asyncio.create_task(asking.ask(asyncio.Event().wait))  # type: ignore[arg-type]
    await asyncio.sleep(0)
    leaving.cancel()
    thread.stop(5)
    asking.fail()
    with pytest.raises(Stopped):
        await asyncio.wait_for(waiting, 5)
    with pytest.raises(asyncio.CancelledError):
        await leaving
    assert asking._answers == set()
