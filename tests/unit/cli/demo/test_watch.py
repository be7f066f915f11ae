"""A fault is seen to begin, to be noticed and to be over."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from holdfast import Client
from holdfast.cli.demo.watch import Watch
from holdfast.testing import Broker


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    """Connected to a broker of its own, as `client.broker` would have it."""
    with Broker() as broker:
        async with Client(broker.url, client_id="one", reconnect="lan") as connected:
            await connected.ready(5)
            yield connected


async def test_a_link_that_drops_is_over_when_it_is_back() -> None:
    """Noticed when it was lost, back counted from when it was possible; the cause is the client's."""
    with Broker() as broker:
        async with Client(broker.url, client_id="one", reconnect="lan") as client:
            await client.ready(5)
            watch = Watch([client], lambda: 7, links_drop=True)
            looking = asyncio.create_task(watch.look())
            broker.cut()
            watch.possible()
            await asyncio.wait_for(watch.over.wait(), 10)
            await looking
    assert watch.noticed_s is not None
    assert watch.back_s is not None
    assert watch.cause is not None
    assert watch.peak == 7


async def test_a_link_that_never_dropped_is_not_back(client: Client) -> None:
    """Where links must drop, a state from before the fault counts for nothing."""
    watch = Watch([client], lambda: 0, links_drop=True)
    watch.possible()
    looking = asyncio.create_task(watch.look())
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(watch.over.wait(), 0.2)
    looking.cancel()


async def test_a_short_freeze_is_over_when_the_broker_is_heard(client: Client) -> None:
    """Nobody noticed; the first bytes after it end it."""
    watch = Watch([client], lambda: 0, links_drop=False)
    looking = asyncio.create_task(watch.look())
    watch.possible()
    await (await client.publish("t", "x")).acknowledged(5)
    await asyncio.wait_for(watch.over.wait(), 5)
    await looking
    assert watch.noticed_s is None
