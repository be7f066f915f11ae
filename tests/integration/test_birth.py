"""Birth and will: the status topic says how we are, whatever happens (contract 22, B04, J02)."""

from __future__ import annotations

import asyncio

import pytest

from holdfast import Client, Will, sync
from holdfast.testing import Broker, Proxy, eventually
from tests.integration.conftest import AnyBroker, MakeClient, Version, on_tcp
from tests.integration.status import STATUS, Watcher, gateway, isolated_or_not, stands
from tests.support.gateway import Gateway

KEEPALIVE_S = 2


# -- a life ------------------------------------------------------------------------------------


@on_tcp
@isolated_or_not
async def test_the_life_of_a_process(
    broker: AnyBroker, make: MakeClient, version: Version, isolated: bool
) -> None:
    """Killed with -9: offline, retained, in time. Back: online. A clean end: offline, and no will (B04)."""
    options = {"client_id": "gateway", "keepalive_s": KEEPALIVE_S, "version": version, "isolated": isolated}
    async with Watcher(make) as watcher:
        with Gateway(broker.url, STATUS, **options) as first:
            await watcher.says("online")
            first.kill()
            await watcher.says("online", "offline", within_s=1.5 * KEEPALIVE_S)
            await stands(make, "offline")
        with Gateway(broker.url, STATUS, **options) as second:
            await watcher.says("online", "offline", "online")
            await stands(make, "online")
            await asyncio.to_thread(second.stop)
        await watcher.says("online", "offline", "online", "offline")
        await stands(make, "offline")
        await watcher.said_no_more("online", "offline", "online", "offline")


@on_tcp
@isolated_or_not
async def test_the_words_are_of_the_moment(broker: AnyBroker, make: MakeClient, isolated: bool) -> None:
    """Functions are asked at every connection and at the end; the will of a clean end is never heard."""
    asked: list[str] = []

    def now(word: str) -> str:
        asked.append(f"{word} {len(asked)}")
        return asked[-1]

    will = Will(STATUS, lambda: now("offline"), birth=lambda: now("online"))
    async with Watcher(make) as watcher:
        with Proxy(broker.url) as proxy:
            async with gateway(make, url=proxy.url, will=will, isolated=isolated) as client:
                await client.ready(5)
                await watcher.says("online 1")
                proxy.reset()
                await eventually(lambda: len(watcher.heard) == 3)
                story = ["online 1", "offline 0", asked[-1]]  # an attempt that failed has asked, too
        await watcher.said_no_more(*story, f"offline {len(asked) - 1}")


@on_tcp
async def test_a_blocking_client_says_it_too(broker: AnyBroker, make: MakeClient, version: Version) -> None:
    """The same option, the same words."""
    will = Will(STATUS, "offline", birth="online")
    async with Watcher(make) as watcher:
        client = sync.Client(broker.url, client_id="gateway", version=version, will=will)

        def live() -> None:
            with client:
                client.ready(5)

        await asyncio.to_thread(live)
        await watcher.said_no_more("online", "offline")


async def test_birth_goes_before_what_waits() -> None:
    """A thousand readings wait; the first message of the connection is the birth, and no ledger counts it."""
    with Broker(strict=True) as broker:
        will = Will("status", "offline", birth="online")
        client = Client(broker.url, client_id="gateway", reconnect="lan", will=will)
        broker.freeze()
        async with client:
            await client.publish_many((f"r/{n}", b"x") for n in range(1000))
            broker.thaw()
            await client.flush(5)
            snapshot = client.snapshot()
        arrived = [message.topic for message in broker.messages("#")]
        assert arrived[0] == "status"
        assert arrived[-1] == "status"
        assert len(arrived) == 1002
        assert (snapshot.ledger.accepted, snapshot.ledger.acknowledged) == (1000, 1000)
        assert (snapshot.received, snapshot.dropped_inbound) == (0, 0)
        assert broker.violations == []


# -- the old connection dies after the new birth -----------------------------------------------


@on_tcp
@isolated_or_not
async def test_a_half_open_connection_dies_behind_the_new_birth(
    broker: AnyBroker, make: MakeClient, isolated: bool
) -> None:
    """The broker finds the old process dead when the new one is there: its will must not be the last word."""
    async with Watcher(make) as watcher:
        with Proxy(broker.url) as proxy:
            async with gateway(make, url=proxy.url, client_id=None, keepalive_s=1) as old:
                await old.ready(5)
                await watcher.says("online")
                proxy.hole()
                async with gateway(make, client_id=None, isolated=isolated) as new:
                    events = new.events()
                    await watcher.says("online", "online", "offline", "online", within_s=10)
                    names = [(await anext(events)).name for _ in range(2)]
                    assert names[-1] == "reasserted"
                    await stands(make, "online")
                proxy.refuse()


@on_tcp
@isolated_or_not
async def test_the_will_of_a_connection_that_is_taken_over(
    broker: AnyBroker, make: MakeClient, isolated: bool
) -> None:
    """One id, the old connection half-open: whenever its will comes, online stands at last."""
    async with Watcher(make) as watcher:
        with Proxy(broker.url) as proxy:
            old = gateway(make, url=proxy.url, drain_s=0)
            async with old:
                await old.ready(5)
                await watcher.says("online")
                proxy.hole()
                proxy.refuse()
                async with gateway(make, isolated=isolated) as new:
                    await new.ready(5)
                    await eventually(lambda: watcher.heard.count("online") > 1)
                    await stands(make, "online")


@on_tcp
@pytest.mark.parametrize("version", ["5"], indirect=True)
async def test_a_delayed_will_comes_behind_the_new_birth(broker: AnyBroker, make: MakeClient) -> None:
    """The old process was killed, and the broker has been told to wait before it says so (MQTT 5)."""
    will = Will(STATUS, "offline", birth="online", delay_s=1)
    async with Watcher(make) as watcher:
        with Proxy(broker.url) as proxy:
            async with gateway(make, url=proxy.url, client_id="old", will=will, drain_s=0) as old:
                await old.ready(5)
                await watcher.says("online")
                proxy.refuse()
                proxy.reset()
                async with gateway(make, client_id="new", will=will):
                    await watcher.says("online", "online", "offline", "online", within_s=10)
