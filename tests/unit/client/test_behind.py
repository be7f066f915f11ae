"""Handlers that are left behind: what they do not finish in the end is for the next."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

from holdfast import Client, Limits, Retries
from holdfast.client.core import Core
from holdfast.testing import Broker, eventually
from tests.unit.client.consuming import delivery

SLOWLY = Retries(3, first_delay_s=60)


@pytest.mark.parametrize("options", [{}, {"concurrency": 2}, {"key": lambda message: 1}])
async def test_one_that_stops_its_own_client_and_fails(
    client: Client, run: Core, options: dict[str, Any]
) -> None:
    """Its message is the next consumer's, as those that waited behind it."""
    lent, failed = client.lend(), asyncio.Event()

    @lent.on("a", retries=SLOWLY, **options)
    async def fail(payload: str) -> None:
        await lent.stop(0)
        failed.set()
        raise RuntimeError

    run.telling.batch([delivery("a", "1"), delivery("a", "2")], [], [])
    await asyncio.wait_for(failed.wait(), 5)
    async with client.subscribe("a") as messages:
        got = {(await asyncio.wait_for(anext(messages), 5)).text() for _ in range(2)}
    assert got == {"1", "2"}


async def test_for_who_came_meanwhile(client: Client, run: Core) -> None:
    """A thread that fails at last; those who were there before have had it already."""
    lent, entered, go_on = client.lend(), threading.Event(), threading.Event()

    @lent.on("a", retries=SLOWLY)
    def stick(payload: str) -> None:
        entered.set()
        go_on.wait(5)
        raise RuntimeError

    async with client.subscribe("a") as before:
        run.telling.batch([delivery("a", "1")], [], [])
        await eventually(entered.is_set)
        await lent.stop(0)
        async with client.subscribe("a") as since:
            go_on.set()
            assert (await asyncio.wait_for(anext(since), 5)).text() == "1"
        assert [item[0].text() for item in before.consumer.inbox.items] == ["1"]


async def test_nothing_comes_back_behind_the_end(client: Client, run: Core) -> None:
    """The run is over: the session keeps the message."""
    lent, entered, go_on = client.lend(), asyncio.Event(), asyncio.Event()

    @lent.on("a", retries=SLOWLY)
    async def stick(payload: str) -> None:
        entered.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            await go_on.wait()
            raise

    run.telling.batch([delivery("a", "1")], [], [])
    await asyncio.wait_for(entered.wait(), 5)
    (handler,) = run.consumers._handlers
    await lent.stop(0)
    await client.stop(0)
    go_on.set()
    await eventually(lambda: not handler.in_hand)
    assert not len(run.dispatcher.unclaimed)


async def test_the_line_goes_on() -> None:
    """With a broker of few messages in flight: all come, in the end."""
    with Broker(strict=True) as broker:
        limits = Limits(receive_maximum=2)
        async with Client(broker.url, client_id="line", reconnect="lan", limits=limits) as client:
            lent, failed = client.lend(), asyncio.Event()

            @lent.on("a", retries=SLOWLY)
            async def fail(payload: str) -> None:
                await lent.stop()
                failed.set()
                raise RuntimeError

            await client.ready(5)
            await client.publish_many([("a", str(number)) for number in range(5)])
            await asyncio.wait_for(failed.wait(), 5)
            async with client.subscribe("a") as messages:
                got = {(await asyncio.wait_for(anext(messages), 5)).text() for _ in range(5)}
            assert got == set("01234")
