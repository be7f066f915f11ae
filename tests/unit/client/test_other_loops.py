"""An asyncio client that is used from another loop than the one that started it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

import pytest

from holdfast import Client, Message
from holdfast.client import opening
from holdfast.errors import ConfigurationError
from holdfast.testing import Broker

T = TypeVar("T")


class Elsewhere:
    """A loop on a thread of its own."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever)
        self._thread.start()

    def begin(self, work: Coroutine[Any, Any, T]) -> Future[T]:
        """Do this there."""
        return asyncio.run_coroutine_threadsafe(work, self.loop)

    async def do(self, work: Coroutine[Any, Any, T]) -> T:
        """What it gives there."""
        return await asyncio.wait_for(asyncio.wrap_future(self.begin(work)), 10)

    def close(self) -> None:
        """The end of the loop."""
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(5)
        self.loop.close()


@pytest.fixture
async def elsewhere() -> AsyncIterator[Elsewhere]:
    elsewhere = Elsewhere()
    yield elsewhere
    elsewhere.close()


async def test_a_stop_while_another_loop_starts_it(
    elsewhere: Elsewhere, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    """It waits for the start, and then ends the run where that is."""
    opening_it, release, really = threading.Event(), threading.Event(), opening._open

    def slow(*args: Any) -> str | None:
        opening_it.set()
        assert release.wait(5)
        return really(*args)

    monkeypatch.setattr(opening, "_open", slow)
    client = Client("mqtt://127.0.0.1:1", outbox=tmp_path / "outbox.db")
    starting = elsewhere.begin(client.start())
    await asyncio.to_thread(opening_it.wait, 5)
    stopping = asyncio.create_task(client.stop(60))
    await asyncio.sleep(0)
    release.set()
    assert (await asyncio.wait_for(stopping, 5)).pending == 0
    await asyncio.wrap_future(starting)
    assert client.status == "disconnected"


async def test_a_start_while_another_loop_stops_it(elsewhere: Elsewhere) -> None:
    """It begins as soon as that has ended, on its own loop."""
    entered, release = threading.Event(), threading.Event()
    with Broker() as broker:
        client = Client(broker.url, reconnect="lan", drain_s=60)

        @client.on("work")
        def work(message: Message) -> None:
            entered.set()
            release.wait(5)

        await elsewhere.do(client.start())
        await client.ready(5)
        await client.publish("work", "x")
        await asyncio.to_thread(entered.wait, 5)
        stopping = elsewhere.begin(client.stop())
        await elsewhere.do(asyncio.sleep(0))
        assert client.status == "draining"
        starting = asyncio.create_task(client.start())
        await asyncio.sleep(0)
        release.set()
        await asyncio.wait_for(starting, 5)
        assert (await asyncio.wrap_future(stopping)).pending == 0
        assert client._core is not None
        assert client._core.loop is asyncio.get_running_loop()
        await client.stop(1)


async def test_what_another_loop_may_read(elsewhere: Elsewhere) -> None:
    """Events come at once; messages would not, so that a subscription is refused."""

    async def subscribe(client: Client) -> None:
        async with client.subscribe("x"):
            """Never entered."""

    async def read(client: Client) -> str:
        return (await anext(aiter(client.events()))).name

    with Broker() as broker:
        async with Client(broker.url, reconnect="lan", keepalive_s=0) as client:
            await client.ready(5)
            with pytest.raises(ConfigurationError, match="on another loop"):
                await elsewhere.do(subscribe(client))
            reading = elsewhere.begin(read(client))
            await elsewhere.do(asyncio.sleep(0))
            broker.cut()
            assert await asyncio.wait_for(asyncio.wrap_future(reading), 5) == "disconnected"
