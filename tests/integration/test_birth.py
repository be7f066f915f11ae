"""Birth and will: the status topic says how we are, whatever happens (contract 22)."""

from __future__ import annotations

import time

from holdfast import Client, Will
from holdfast.testing import Broker, Proxy, eventually
from tests.integration.conftest import AnyBroker, MakeClient, on_tcp


class Watcher:
    """Somebody who looks at the status topic: what it says first, and every change."""

    def __init__(self, make: MakeClient) -> None:
        self.heard: list[str] = []
        self.client = make(client_id=None)

        @self.client.on("status/gateway")
        async def heard(payload: str) -> None:
            self.heard.append(payload)

    async def says(self, *words: str) -> None:
        """The whole story, in order."""
        await eventually(lambda: self.heard == list(words))


def gateway(make: MakeClient, **options: object) -> Client:
    """A client that is born and dies on its status topic."""
    will = Will("status/gateway", "offline", birth="online")
    return make(client_id="gateway", will=will, **options)


@on_tcp
async def test_the_life_of_a_gateway(broker: AnyBroker, make: MakeClient) -> None:
    """Online at the beginning, offline before a clean end; who comes later hears the last (B04, J02)."""
    watcher = Watcher(make)
    async with watcher.client:
        await watcher.client.ready(5)
        client = gateway(make)
        async with client:
            await client.ready(5)
            await watcher.says("online")
        await watcher.says("online", "offline")
        late = Watcher(make)
        async with late.client:
            await late.says("offline")


@on_tcp
async def test_cut_off_and_back(broker: AnyBroker, make: MakeClient) -> None:
    """The broker says the will of a link that broke; back again we say that we are there."""
    watcher = Watcher(make)
    with Proxy(broker.url.removeprefix("mqtt://")) as proxy:
        client = gateway(make, url=proxy.url)
        async with watcher.client, client:
            await watcher.client.ready(5)
            await client.ready(5)
            await watcher.says("online")
            proxy.refuse()
            proxy.reset()
            await watcher.says("online", "offline")
            proxy.heal()
            await watcher.says("online", "offline", "online")


async def test_birth_goes_before_what_waits() -> None:
    """A thousand readings wait; the first message of the connection is the birth, and no outbox has it."""
    with Broker(strict=True) as broker:
        client = Client(
            broker.url, client_id="gateway", reconnect="lan", will=Will("status", "offline", birth="online")
        )
        broker.freeze()
        async with client:
            await client.publish_many((f"r/{n}", b"x") for n in range(1000))
            broker.thaw()
            await client.flush(5)
            ledger = client.snapshot().ledger
        arrived = [message.topic for message in broker.messages("#")]
        assert arrived[0] == "status"
        assert arrived[-1] == "status"
        assert len(arrived) == 1002
        assert (ledger.accepted, ledger.acknowledged) == (1000, 1000)


async def test_the_words_are_of_the_moment() -> None:
    """Functions are asked at every connection and at the end: never a time of yesterday."""
    said: list[str] = []

    def now(word: str) -> str:
        said.append(word)
        return f"{word} {len(said)}"

    with Broker() as broker:
        will = Will("status", lambda: now("offline"), birth=lambda: now("online"))
        async with Client(broker.url, client_id="gateway", reconnect="lan", will=will) as client:
            await client.ready(5)
            broker.cut()
            await eventually(lambda: client.snapshot().connections == 2)
            await client.ready(5)
        births = [one.text() for one in broker.messages("status") if one.text().startswith("online")]
        assert len(set(births)) == 2
        assert broker.messages("status")[-1].text().startswith("offline")


async def test_a_refused_birth_is_told_and_costs_nothing() -> None:
    """No right to the status topic: an event with the reason, and everything else goes on."""
    with Broker() as broker:
        broker.refuse("PUBLISH", 0x87, times=1)
        client = Client(broker.url, client_id="gateway", will=Will("status", "offline", birth="online"))
        events = client.events()
        async with client:
            await client.ready(5)
            receipt = await client.publish("x", "y")
            await receipt.acknowledged(5)
            began = time.monotonic()
        assert time.monotonic() - began < 5
        names = [event.name async for event in events]
        assert "announcement_refused" in names
