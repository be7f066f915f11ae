"""A blocking handle on an asyncio client."""

from __future__ import annotations

import threading

import pytest

from holdfast import Client
from holdfast.errors import ConfigurationError, Stopped
from holdfast.sync import over
from holdfast.testing import Broker


async def test_over_a_running_client(broker: Broker) -> None:
    """Threads use the asyncio client; on its own loop that is refused, as it would wait for itself."""
    async with Client(broker.url, client_id="async") as client:
        handle = over(client)
        receipt = await client.publish("t", "x")
        blocking = handle.publish_nowait("t", "y")
        for refused in (
            lambda: handle.publish("t", "x"),
            lambda: handle.publish_many([("t", "x")]),
            handle.ready,
            handle.flush,
            handle.stop,
            handle.start,
            blocking.acknowledged,
            blocking.accepted,
            lambda: next(handle.events()),
            lambda: handle.on("t")(lambda: None),
        ):
            with pytest.raises(ConfigurationError, match="would wait for itself"):
                refused()
        await receipt.acknowledged(5)
        done = threading.Event()

        def elsewhere() -> None:
            handle.start()
            handle.publish("t", "z").acknowledged(5)
            done.set()

        threading.Thread(target=elsewhere).start()
        while not done.is_set():
            await client.ready(5)
            await (await client.publish("other", "x")).acknowledged(5)
    handle = over(client)
    with pytest.raises(ConfigurationError, match="cannot start"):
        handle.start()
    with pytest.raises(Stopped):
        handle.ready()
    assert handle.stop().pending == 0
