"""A status topic over several brokers: each says how the client is with *it* (contract 3, 22)."""

from __future__ import annotations

import pytest

from holdfast import Client, Will
from holdfast.testing import Broker, eventually
from tests.integration.failover.conftest import client_of

WILL = Will("status", "offline", birth="online")


async def stands(broker: Broker) -> str:
    """What somebody hears who comes now."""
    async with Client(broker.url) as client, client.subscribe("status") as messages:
        return (await anext(messages)).text()


@pytest.mark.parametrize("version", ["5", "3.1.1"])
async def test_the_backup_is_told_that_we_leave(ours: tuple[Broker, Broker], version: str) -> None:
    """Back with the better broker: online there, and no "online" is left behind with the other one."""
    primary, backup = ours
    primary.stop()
    primary_url = f"mqtt://127.0.0.1:{primary.port}"
    async with client_of(primary_url, backup.url, will=WILL, version=version) as client:
        await client.ready(5)
        assert await stands(backup) == "online"
        primary.start()
        await eventually(lambda: client.snapshot().broker == primary_url, 10)
        await client.ready(5)
        await eventually(lambda: primary.messages("status"))
        assert await stands(primary) == "online"
        assert await stands(backup) == "offline"
    assert await stands(primary) == "offline"
