"""A source that falls silent is named, and the link is left alone (requirement D08)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress

from holdfast import Client
from holdfast.testing import Proxy, eventually
from tests.integration.conftest import AnyBroker, MakeClient, on_tcp
from tests.integration.status import isolated_or_not

EVERY_S = 0.5


class Gateways:
    """Heartbeats several times in each interval, of those that are ``alive``."""

    def __init__(self, client: Client, alive: Iterable[int]) -> None:
        self._client = client
        self.alive = set(alive)

    async def beat(self) -> None:
        while True:
            for number in self.alive:
                await self._client.publish(f"gw/{number}/hb", "Online")
            await asyncio.sleep(EVERY_S / 5)


@asynccontextmanager
async def beating(client: Client, *alive: int) -> AsyncIterator[Gateways]:
    """They beat until the end."""
    gateways = Gateways(client, alive)
    task = asyncio.create_task(gateways.beat())
    try:
        yield gateways
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def watching(client: Client) -> list[str]:
    """The client's handler of heartbeats; what it gets."""
    heard = list[str]()

    @client.on("gw/{number}/hb", expect_every_s=EVERY_S)
    async def handle(payload: str, number: str) -> None:
        heard.append(number)

    return heard


@on_tcp
@isolated_or_not
async def test_a_gateway_that_falls_silent_is_named(make: MakeClient, isolated: bool) -> None:
    """One of two stops: told once, by its topic, as is its return; one connection all the while."""
    client = make(isolated=isolated)
    watching(client)
    events = client.events()
    async with client, make() as box:
        await client.ready(5)
        async with beating(box, 1, 2) as gateways:
            await eventually(lambda: client.snapshot().received >= 4)
            gateways.alive.discard(2)
            await eventually(lambda: client.snapshot().silent_topics == ("gw/2/hb",))
            assert client.snapshot().silent == 1
            gateways.alive.add(2)
            await eventually(lambda: client.snapshot().silent == 0)
        snapshot = client.snapshot()
        assert (snapshot.connections, dict(snapshot.disconnections)) == (1, {})
    told = [event async for event in events if event.name.startswith("source")]
    assert [event.name for event in told if "gw/2/hb" in event.message] == ["source_silent", "source_back"]


@on_tcp
async def test_nothing_at_all_is_silence_of_the_handler(make: MakeClient) -> None:
    """It is told by its filter; the first message ends it."""
    client = make()
    heard = watching(client)
    async with client, make() as box:
        await eventually(lambda: client.snapshot().silent_topics == ("gw/+/hb",))
        await box.publish("gw/1/hb", "Online")
        await eventually(lambda: heard == ["1"])
        assert "gw/+/hb" not in client.snapshot().silent_topics
    assert client.snapshot().silent == 0


@on_tcp
async def test_our_own_outage_is_no_silence_of_the_source(make: MakeClient, broker: AnyBroker) -> None:
    """The link is away for four intervals while the gateway speaks on: nothing is said of it."""
    with Proxy(broker.url) as proxy:
        client = make(url=proxy.url)
        watching(client)
        events = client.events()
        async with client, make() as box:
            await client.ready(5)
            async with beating(box, 1):
                await eventually(lambda: client.snapshot().received >= 2)
                proxy.refuse()
                proxy.reset()
                async with asyncio.timeout(10):
                    async for event in events:
                        if event.name == "disconnected":
                            break
                for _ in range(4):
                    await asyncio.sleep(EVERY_S)
                proxy.heal()
                before = client.snapshot().received
                await eventually(lambda: client.snapshot().received > before + 10)
        assert [event.name async for event in events if event.name.startswith("source")] == []
