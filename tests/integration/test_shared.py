"""The canary of shared subscriptions (contract 18): who does not deliver is named, and nobody else."""

from __future__ import annotations

import pytest

from holdfast import Client
from holdfast.protocol import canary
from holdfast.testing import Broker, eventually
from holdfast.testing.model import BrokerLimits
from tests.integration.conftest import MakeClient, Version, on_tcp
from tests.integration.status import isolated_or_not


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """A try of the canary takes no five seconds here."""
    monkeypatch.setattr(canary, "WAIT_S", 0.1)


def sang(client: Client) -> bool:
    """Whether its canary has asked on this connection, and is done."""
    assert client._session is not None
    one = client._session._canary
    return bool(one.topic) and one._stage == "off"


def taking(client: Client, heard: list[str]) -> None:
    @client.on("plant/+", share="workers")
    async def handle(payload: str) -> None:
        heard.append(payload)


@on_tcp
async def test_a_broker_that_delivers_is_not_named(make: MakeClient) -> None:
    """Once on each connection, unseen by the handler, and no event comes of it."""
    client, heard = make(client_id="a/b+c#"), list[str]()
    taking(client, heard)
    events = client.events()
    async with client, make() as other:
        await client.ready(5)
        await eventually(lambda: sang(client))
        await other.publish("plant/1", "x")
        await eventually(lambda: heard == ["x"])
    assert [event async for event in events if event.name == "share_silent"] == []


@isolated_or_not
async def test_a_broker_that_does_not_deliver_is_named(version: Version, isolated: bool) -> None:
    """It has granted the subscription, and nothing comes: told once, over two connections."""
    limits = BrokerLimits(shared_delivers=False)
    with Broker(strict=True, limits=limits) as broker:
        client = Client(
            broker.url, client_id="w-0", version=version, reconnect="lan", isolated=isolated, drain_s=2
        )
        heard = list[str]()
        taking(client, heard)
        events = client.events()
        async with client:
            await client.ready(5)
            await eventually(lambda: sang(client))
            broker.cut()
            await eventually(lambda: client.snapshot().connections == 2)
            await eventually(lambda: sang(client))
            broker.publish("plant/1", "x")
        told = [event async for event in events if event.name == "share_silent"]
        assert [event.message.split(": ")[0] for event in told] == [
            f"127.0.0.1:{broker.port} grants shared subscriptions and does not deliver"
        ]
        assert heard == []
        assert broker.violations == []
