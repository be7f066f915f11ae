"""A client whose event loop was closed without a stop: every thread is told, and the next run is refused."""

from __future__ import annotations

import asyncio
import gc
import threading
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest

from holdfast import Client, Message
from holdfast.client.forsaken import WORDS
from holdfast.errors import Stopped
from holdfast.sync import over
from holdfast.testing import Broker
from tests.unit.sync.conftest import wait_for


class Waits:
    """What became of waits on threads of their own."""

    def __init__(self) -> None:
        self.ends: dict[str, object] = {}
        self._threads: list[threading.Thread] = []

    def begin(self, name: str, wait: Callable[[], object]) -> None:
        """On another thread."""

        def waiting() -> None:
            try:
                self.ends[name] = wait()
            except Stopped as stopped:
                self.ends[name] = stopped

        thread = threading.Thread(target=waiting, daemon=True)
        thread.start()
        self._threads.append(thread)

    def over(self) -> dict[str, object]:
        """All of them, within a few looks at the loop."""
        for thread in self._threads:
            thread.join(10)
        return self.ends


@pytest.mark.parametrize("isolated", [False, True])
@pytest.mark.parametrize("kept", ["memory", "file"])
def test_threads_are_told(tmp_path: Path, isolated: bool, kept: str) -> None:
    """Readers, events, receipts and publishers end with the loop, and the link is said to be gone."""
    waits, outbox = Waits(), tmp_path / "outbox.db" if kept == "file" else None

    def first() -> Message:
        with blocking.subscribe("x") as messages:
            return next(messages)

    def batch() -> list[Message]:
        with blocking.subscribe("y") as messages:
            return next(messages.batches())

    def pour() -> None:
        while True:
            blocking.publish("z", "x").acknowledged(10)

    with Broker() as broker:
        client = Client(broker.url, isolated=isolated, outbox=outbox)
        blocking = over(client)

        async def main() -> None:
            await client.start()
            await client.ready(5)
            events = blocking.events()
            waits.begin("events", lambda: [event.name for event in events])
            waits.begin("reader", first)
            waits.begin("batches", batch)
            waits.begin("publishes", pour)
            await asyncio.sleep(0)
            broker.hold("PUBACK")
            receipt = await asyncio.to_thread(blocking.publish, "t", "x")
            waits.begin("acknowledged", receipt.acknowledged)
            await asyncio.to_thread(client.snapshot)

        asyncio.run(main())
        ends = waits.over()
    assert isinstance(ends.pop("events"), list)
    assert {name for name, end in ends.items() if isinstance(end, Stopped)} == {
        "reader", "batches", "publishes", "acknowledged",
    }  # fmt: skip
    assert client.status == "disconnected"
    with pytest.raises(Stopped, match=WORDS):
        blocking.publish("t", "x")


def test_the_next_run_is_refused() -> None:
    """Every call says why, and no coroutine is left that nobody awaited."""
    client = Client("mqtt://127.0.0.1:1")

    async def again() -> None:
        for call in (client.start, client.ready, client.flush, client.stop):
            with pytest.raises(Stopped, match=WORDS):
                await call()

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        asyncio.run(client.start())
        asyncio.run(again())
        gc.collect()
    core = client._core
    assert core is not None
    wait_for(lambda: core.foreign is not None and not core.watched._watch._watched)
