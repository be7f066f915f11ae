"""One run of a client: waiting for what its parts do, looked at without a broker."""

from __future__ import annotations

import asyncio

import pytest

from holdfast import Client
from holdfast.client.brokers import Target
from holdfast.client.core import Core
from holdfast.errors import NotReady, Stopped
from holdfast.protocol import Granted, Terms


async def test_not_ready_says_why(client: Client, run: Core) -> None:
    """Without a connection: its verdict; with one: the filters that have no answer."""
    with pytest.raises(NotReady) as unready:
        await client.ready(0.05)
    assert unready.value.cause == "refused"
    run.state.connected(Terms(5, "core", False, 0, 60))
    async with client.subscribe("a/#"):
        with pytest.raises(NotReady, match="a/#") as unready:
            await client.ready(0.001)
        assert unready.value.cause == "subscribing"
        run.telling.batch([], [], [Granted("a/#", 1)])
        await client.ready(0)


async def test_a_defect_of_the_supervisor_ends_every_wait(
    client: Client, run: Core, caplog: pytest.LogCaptureFixture
) -> None:
    """Should it ever fail itself: said aloud, FAILED, and nobody waits for a dead link."""

    def broken(target: Target) -> None:
        raise KeyError("defect")

    waiting = asyncio.create_task(client.ready())
    await asyncio.sleep(0)
    run.state.dialling = broken  # type: ignore[method-assign]
    client.redial()
    with pytest.raises(Stopped):
        await asyncio.wait_for(waiting, 5)
    assert client.status == "failed"
    assert "the supervisor failed" in caplog.text
