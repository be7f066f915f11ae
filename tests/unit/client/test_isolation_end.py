"""The ends of an isolated link: asked for, in the middle of things, by a defect; and what is left."""

from __future__ import annotations

import asyncio
import gc
import sys
import threading
import time
from pathlib import Path

import pytest

from holdfast import Client
from holdfast.errors import Stopped, Undelivered
from holdfast.testing import Broker, eventually
from tests.support.leaks import SECRET
from tests.unit.client.conftest import engine_threads, inside

CYCLES = 50


async def test_no_thread_is_left(caplog: pytest.LogCaptureFixture) -> None:
    """Started and stopped again and again, with work in between: no thread, no loop, no log line."""
    with Broker() as broker:
        client = Client(broker.url, client_id="again", isolated=True)
        for _ in range(CYCLES):
            async with client:
                await (await client.publish("t", "x")).acknowledged(5)
            assert engine_threads() == []
        assert broker.connects == CYCLES
        assert client.snapshot().ledger.acknowledged == CYCLES
    gc.collect()  # what was left open would warn
    assert [one for one in caplog.records if one.levelname in ("ERROR", "CRITICAL")] == []


async def test_stopped_in_the_middle_of_a_dial() -> None:
    """A host that never answers, and no time: the thread ends at once all the same."""
    client = Client("mqtt://127.0.0.1:1", isolated=True, reconnect="lan")
    for _ in range(CYCLES):
        await client.start()
        began = time.monotonic()
        await client.stop(0)
        assert time.monotonic() - began < 0.5
        assert engine_threads() == []


async def test_a_cancelled_stop_leaves_nothing(isolated: Client) -> None:
    """The drain is skipped, the thread ends."""
    await isolated.publish("t", "x")
    stopping = asyncio.create_task(isolated.stop(5))
    await asyncio.sleep(0)
    stopping.cancel()
    with pytest.raises((asyncio.CancelledError, Undelivered)):
        await stopping
    assert engine_threads() == []


async def test_the_thread_dies(isolated: Client, caplog: pytest.LogCaptureFixture) -> None:
    """Said aloud, FAILED, nobody waits for a dead link; and the client can be started again."""
    core, keeper = inside(isolated)
    waiting = asyncio.create_task(core.granted(("never",), None))
    asking = asyncio.create_task(keeper._ask(asyncio.Event().wait))  # type: ignore[arg-type]
    await asyncio.sleep(0)
    keeper._there.post(lambda: keeper._thread.loop.call_soon(sys.exit, 3))
    for one in (waiting, asking):
        with pytest.raises(Exception, match=r"SystemExit\(3\)|thread has ended|unsubscribed|left"):
            await asyncio.wait_for(one, 5)
    await eventually(lambda: isolated.status == "failed")
    assert "the engine's thread failed" in caplog.text
    with pytest.raises(Stopped):
        await isolated.publish("t", "x")
    with pytest.raises(Stopped):
        await keeper.settled()
    keeper.redial()
    await isolated.stop()
    await isolated.start()
    await isolated.ready(5)
    await (await isolated.publish("t", "x")).acknowledged(5)


async def test_who_waits_for_the_file_is_told_without_the_thread(
    tmp_path: Path, disk: threading.Event
) -> None:
    """It dies while a commit is on its way: what was accepted is durable, and its caller hears of it."""
    with Broker() as broker:
        async with Client(broker.url, outbox=tmp_path / "outbox.db", isolated=True) as client:
            await client.ready(5)
            _, keeper = inside(client)
            disk.clear()
            publishing = asyncio.create_task(client.publish("t", "x"))
            await eventually(lambda: client.snapshot().ledger.pending)
            keeper._there.post(lambda: keeper._thread.loop.call_soon(sys.exit, 3))
            await eventually(lambda: client.status == "failed")
            assert not publishing.done()
            disk.set()
            assert (await asyncio.wait_for(publishing, 5)).id == 1


async def test_a_function_that_blocks_the_thread(caplog: pytest.LogCaptureFixture) -> None:
    """stop() ends in its time and says why a thread is left; it cannot be started before that has ended."""
    blocked, asked = threading.Event(), threading.Event()

    def password() -> str:
        asked.set()
        blocked.wait(30)
        return SECRET

    with Broker() as broker:
        client = Client(broker.url, username="me", password=password, isolated=True)
        await client.start()
        await eventually(asked.is_set)
        began = time.monotonic()
        await client.stop(0.2)
        assert time.monotonic() - began < 2
        assert "blocks it" in caplog.text
        with pytest.raises(Stopped, match="has not ended"):
            await client.start()
        blocked.set()
        await eventually(lambda: not engine_threads())
        await client.start()
        await client.ready(5)
        await client.stop()


async def test_publishing_when_its_loop_is_gone(isolated: Client) -> None:
    """Accepted all the same: what a file keeps is committed."""
    begun: list[bool] = []
    _, keeper = inside(isolated)
    keeper._there.close()
    isolated._outbox.begin = lambda: begun.append(True)  # type: ignore[method-assign]
    isolated.publish_nowait("t", "x")
    assert begun
    keeper._there.closed = False


def test_its_loop_is_closed_under_it(caplog: pytest.LogCaptureFixture) -> None:
    """asyncio.run() ends without stop(): the link does not outlive it as a ghost that takes messages."""

    async def forget(client: Client) -> None:
        await client.start()
        await client.ready(5)

    with Broker() as broker:
        client = Client(broker.url, client_id="ghost", isolated=True)
        asyncio.run(forget(client))
        deadline = time.monotonic() + 10
        while engine_threads():
            assert time.monotonic() < deadline
            time.sleep(0.01)
        with pytest.raises(Stopped, match="was closed"):
            client.publish_nowait("t", "nobody would send it")
    assert "was not stopped" in caplog.text
