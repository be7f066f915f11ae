"""Calls between threads: in order, none lost, one wake for many."""

from __future__ import annotations

import asyncio
import threading

import pytest

from holdfast.client.mailbox import Mailbox
from holdfast.testing import eventually
from tests.support.turns import turns

THREADS, EACH = 8, 2000


async def test_every_call_arrives_in_order() -> None:
    """Eight threads post at once: each one's calls come in its order, and none is lost."""
    box, came = Mailbox(asyncio.get_running_loop()), [list[int]() for _ in range(THREADS)]

    def post(number: int) -> None:
        for each in range(EACH):
            box.post(came[number].append, each)

    threads = [threading.Thread(target=post, args=(number,)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    await eventually(lambda: all(len(one) == EACH for one in came))
    assert came == [list(range(EACH))] * THREADS
    for thread in threads:
        thread.join()


async def test_one_wake_for_many(monkeypatch: pytest.MonkeyPatch) -> None:
    """The loop is woken by the first call, and not again until it has looked."""
    loop, wakes = asyncio.get_running_loop(), list[object]()
    call_soon_threadsafe = loop.call_soon_threadsafe

    def counted(callback: object, *args: object, **kwargs: object) -> object:
        wakes.append(callback)
        return call_soon_threadsafe(callback, *args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(loop, "call_soon_threadsafe", counted)
    box, came = Mailbox(loop), list[int]()
    for number in range(100):
        box.post(came.append, number)
    await turns()
    assert len(wakes) == 1
    box.post(came.append, 100)
    await turns()
    assert came == list(range(101))
    assert len(wakes) == 2


async def test_a_call_that_fails_is_said_aloud(caplog: pytest.LogCaptureFixture) -> None:
    """It takes no other with it."""
    box, came = Mailbox(asyncio.get_running_loop()), list[int]()
    box.post(came.remove, 1)
    box.post(came.append, 2)
    await turns()
    assert came == [2]
    assert "a call from another thread failed" in caplog.text


async def test_closed() -> None:
    """No call is made any more, also of those that wait, also when one of them closed it."""
    box, came = Mailbox(asyncio.get_running_loop()), list[int]()
    box.post(came.append, 1)
    box.post(box.close)
    box.post(came.append, 2)
    await turns()
    box.post(came.append, 3)
    await turns()
    assert came == [1]


def test_the_loop_was_closed_under_it() -> None:
    """Nobody is there to make the call; who posts it is not told off."""
    loop = asyncio.new_event_loop()
    box = Mailbox(loop)
    loop.close()
    box.post(print)
    assert box.closed


def test_interrupted_while_waking() -> None:
    """Ctrl-C in the middle of a wake: the next call wakes the loop, and both are made."""

    class Interrupted(asyncio.SelectorEventLoop):
        interrupts = 1

        def call_soon_threadsafe(self, *args: object, **kwargs: object) -> asyncio.Handle:
            if self.interrupts:
                self.interrupts -= 1
                raise KeyboardInterrupt
            return super().call_soon_threadsafe(*args, **kwargs)  # type: ignore[arg-type]

    loop = Interrupted()
    box, came = Mailbox(loop), list[int]()
    with pytest.raises(KeyboardInterrupt):
        box.post(came.append, 1)
    box.post(came.append, 2)
    loop.call_soon(loop.stop)
    loop.run_forever()
    loop.close()
    assert came == [1, 2]
